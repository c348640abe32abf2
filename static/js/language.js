// Keeps what was typed into the forms of a page while it changes its language. Passwords and hidden fields are not kept.

(() => {
  const KEY = "typed";
  const inputs = [...document.querySelectorAll("main :is(input:not([type=hidden], [type=password]), select)")];
  const valueOf = (input) => (["checkbox", "radio"].includes(input.type) ? "checked" : "value");

  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  sessionStorage.removeItem(KEY);
  if (kept.page === location.pathname) {
    inputs.forEach((input, place) => {
      if (kept.names[place] === input.name) input[valueOf(input)] = kept.values[place];
    });
  }

  for (const link of document.querySelectorAll("[data-language]")) {
    link.addEventListener("click", () => {
      const names = inputs.map((input) => input.name);
      const values = inputs.map((input) => input[valueOf(input)]);
      sessionStorage.setItem(KEY, JSON.stringify({ page: new URL(link.href).pathname, names, values }));
    });
  }
})();
