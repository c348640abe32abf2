// Brings the minus and plus beside a quantity to life. Without it the number field works alone.

const clamp = (value, input) => Math.min(Number(input.max), Math.max(Number(input.min), value));

for (const stepper of document.querySelectorAll("[data-stepper]")) {
  const input = stepper.querySelector("input");

  for (const button of stepper.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      input.value = clamp((Number(input.value) || 0) + Number(button.dataset.step), input);
    });
  }
}
