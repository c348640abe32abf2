// Arrow keys lead through the tour, except where they move a cursor or a choice.

document.addEventListener("keydown", ({ key, target, altKey, ctrlKey, metaKey }) => {
  if (altKey || ctrlKey || metaKey || target.closest("input, select, textarea, [tabindex='0']")) return;
  const way = { ArrowLeft: "back", ArrowRight: "next" }[key];
  if (way) document.querySelector(`[data-tour=${way}]`)?.click();
});
