/// One self-contained page about a figure: how it was made, the figure, its numbers, its Vega-Lite specification.
struct HTMLPage: Sendable {
  var chart: Chart
  /// The line or script that made the figure.
  var command: String
  /// Summary table, the headings first; empty for none.
  var table: [[String]] = []
  /// Paragraphs below the table: machine, versions, warnings.
  var notes: [String] = []
  var figures = HTMLFigures.unsaid

  /// The document; nothing is fetched.
  func render() -> String {
    HTMLDocument(
      title: chart.title,
      body: [
        HTMLDocument.heading(chart.title), HTMLDocument.code(command), HTMLDocument.figure(chart),
        HTMLDocument.table(table),
      ] + notes.map(HTMLDocument.paragraph), figures: figures
    ).render()
  }
}
