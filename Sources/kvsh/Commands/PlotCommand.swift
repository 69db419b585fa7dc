import Lang

/// `plot lengthdiff`: a chart of what came through the pipe.
struct PlotCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "plot", summary: "Draws a table or a tensor; `| save \"x.html\"` keeps the picture.",
    details: "In a terminal plots are drawn with text; .html, .svg and .vl.json (Vega-Lite) are for other eyes.",
    parameters: [
      Parameter("kind", .name(kind: "plot"), doc: "What to draw.", positional: true, required: true)
    ],
    accepts: [.table, TensorValue.type], produces: .object("plot"),
    examples: [
      Example("compress kivi bits=2 | run sharegpt n=4 max=16 | plot lengthdiff", "Figure 4 of the paper."),
      Example("compress kivi bits=2 | run sharegpt n=4 max=16 | plot latency", "Figure 5."),
    ],
    group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let name = try call.name("kind")
    guard let kind = PlotKinds.all.first(where: { $0.entry.name == name }) else {
      throw Problem(
        "K013", seen: "unknown plot `\(name)`", expected: PlotKinds.all.map(\.entry.name).joined(separator: ", "),
        labels: [.init(call.span(of: "kind"))])
    }
    return .object(try kind.draw(call))
  }
}
