// Before anything is drawn: the theme that was chosen here, if one was. Else the system's decides, in app.css.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing.
}
