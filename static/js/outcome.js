// Gives the focus to what came of a payment, once the payment window has led back to the page of its order.

(() => {
  if (sessionStorage.getItem("payment-window") !== location.pathname) return;
  sessionStorage.removeItem("payment-window");
  (document.querySelector("[data-testid=notice]") ?? document.querySelector("[data-outcome]")).focus();
})();
