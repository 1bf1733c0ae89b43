// Sets the theme before the first paint. A file of its own, because the Content-Security-Policy
// allows no inline script.
(() => {
  let choice = 'system';
  try {
    choice = localStorage.getItem('agentflow.theme') || 'system';
  } catch {
    // Storage is off: follow the system.
  }
  const dark =
    choice === 'dark' ||
    (choice !== 'light' && !matchMedia('(prefers-color-scheme: light)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
