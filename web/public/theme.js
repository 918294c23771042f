// Sets the theme before the first paint. A file of its own, because the page allows no inline script.
(function () {
  var choice = "system";
  try {
    if (new URLSearchParams(location.search).get("theme") === "safe") localStorage.removeItem("steward.theme");
    choice = localStorage.getItem("steward.theme") || "system";
  } catch {
    // Storage may be forbidden; the system's choice will do.
  }
  var light = choice === "light" || (choice !== "dark" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
