// Paper is white: print in the light theme, whichever is on the screen.
{
  const page = document.documentElement.dataset;
  let onScreen;
  addEventListener("beforeprint", () => {
    onScreen = page.theme;
    page.theme = "light";
  });
  addEventListener("afterprint", () => {
    page.theme = onScreen;
  });
}
