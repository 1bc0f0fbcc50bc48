// MyST-NB labels every folded cell "Toggle hidden content". The label hides the visible text, such as "checked claim",
// from screen readers; without it they read the text.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll("details.hide > summary")) summary.removeAttribute("aria-label");
});
