// Remembers whether the developer options were open.

(() => {
  const options = document.querySelector("[data-testid=options]");
  options.open ||= localStorage.getItem("options") === "open";
  options.addEventListener("toggle", () => localStorage.setItem("options", options.open ? "open" : "folded"));
})();
