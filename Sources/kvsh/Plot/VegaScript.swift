import Foundation

/// JavaScript of Vega, Vega-Lite and vega-embed in one text, as a page holds it: nothing is fetched when it is viewed.
struct VegaScript: Equatable, Sendable {
  let text: String

  /// Nil for a text that is not the script, or that would end the element it stands in.
  init?(_ text: String) {
    let endings = ["</script", "<script", "<!--"]
    guard text.contains("vegaEmbed"), !endings.contains(where: { text.range(of: $0, options: .caseInsensitive) != nil })
    else { return nil }
    self.text = text
  }

  /// Two script elements: Vega, and what draws every figure before them.
  var markup: String {
    """
    <p class="hint">Figures: drag to move, Shift and wheel to zoom, double-click to go back; the menu saves a picture.</p>
    <script>
    \(text)
    </script>
    <script>
    \(Self.drawing)
    </script>

    """
  }

  /// The page's own policy: nothing is loaded from anywhere, and no text becomes code.
  ///
  /// Vega therefore interprets its expressions (`ast`) in place of compiling them.
  static let policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"

  /// A figure that cannot be drawn keeps its still picture, and the console says why.
  private static let drawing = """
    "use strict";
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const darkColors = {\(darkColors)};
    const ink = isDark ? "#e6e9ed" : "#1f2328", faint = isDark ? "#a3acb6" : "#59636e";
    const grid = isDark ? "#2a2f36" : "#e6e8eb";
    const config = {
      background: null,
      font: "system-ui, Helvetica Neue, Arial, sans-serif",
      axis: {labelColor: faint, titleColor: ink, domainColor: faint, tickColor: faint, gridColor: grid},
      title: {color: ink, subtitleColor: faint},
      legend: {labelColor: ink, titleColor: ink},
    };
    for (const holder of document.querySelectorAll("script.vega-lite")) {
      const figure = holder.previousElementSibling;
      const specification = JSON.parse(holder.textContent, (_, value) =>
        isDark && typeof value === "string" && Object.hasOwn(darkColors, value) ? darkColors[value] : value);
      // Version 5 is read by version 6 as well; vega-embed would warn of the difference.
      delete specification.$schema;
      vegaEmbed(figure.querySelector(".drawn"), specification, {
        mode: "vega-lite", renderer: "svg", ast: true, config,
        actions: {export: true, source: false, compiled: false, editor: false},
      }).then(() => figure.classList.add("is-drawn"), error => console.error("a figure was not drawn:", error));
    }
    """

  private static let darkColors = zip(PlotPalette.light, PlotPalette.dark)
    .map { "\"\($0.hex)\": \"\($1.hex)\"" }.joined(separator: ", ")
}
