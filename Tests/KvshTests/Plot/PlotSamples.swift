@testable import kvsh

/// Charts that several tests draw.
enum PlotSamples {
  /// Two overlapping histograms with a curve over the first.
  static let histograms = Chart(
    title: "Lengths", x: .init(label: "D, %"), y: .init(label: "density"),
    series: [.init(label: "kivi", details: ["12"], color: 0), .init(label: "h2o", details: ["7"], color: 1)],
    legendColumns: ["n"],
    panels: [
      .init(layers: [
        .init(
          series: 0, mark: .bars([.init(low: 0, high: 10, height: 1), .init(low: 10, high: 20, height: 3)])),
        .init(
          series: 1, mark: .bars([.init(low: 10, high: 20, height: 1), .init(low: 20, high: 30, height: 2)])),
        .init(series: nil, mark: .verticalRule(x: 25)),
        .init(series: 0, mark: .line([.init(x: 0, y: 0.5), .init(x: 15, y: 3), .init(x: 30, y: 0)])),
      ])
    ], footnotes: ["Skipped: 3."])

  static let logarithmic = Chart(
    title: "Log", x: .init(label: "x"), y: .init(label: "y", scale: .log), series: [.init(label: "a", color: 0)],
    panels: [
      .init(layers: [
        .init(
          series: 0,
          mark: .line([
            .init(x: 0, y: 1), .init(x: 1, y: 10), .init(x: 2, y: 0), .init(x: 3, y: 100), .init(x: 4, y: 1000),
          ]))
      ])
    ])

  static let point = Chart(
    title: "One", x: .init(label: "x"), y: .init(label: "y"), series: [.init(label: "a", color: 0)],
    panels: [.init(layers: [.init(series: 0, mark: .line([.init(x: 5, y: 7)]))])])

  static let hatched = Chart(
    title: "Bytes", x: .init(label: "configuration", categories: ["full", "fake"]),
    y: .init(label: "held", format: .bytes),
    series: [.init(label: "packed", color: 0), .init(label: "mask", color: 1, hatched: true)],
    panels: [
      .init(layers: [
        .init(series: 0, mark: .bars([.init(low: -0.3, high: 0.3, height: 4096)])),
        .init(series: 1, mark: .bars([.init(low: 0.7, high: 1.3, height: 2048)])),
      ])
    ])

  static let empty = Chart(
    title: "Nothing", x: .init(label: "x"), y: .init(label: "y"), series: [.init(label: "a", color: 0)],
    panels: [.init(layers: [.init(series: 0, mark: .line([])), .init(series: 0, mark: .bars([]))])])

  /// Names that try to break out of every format.
  static let hostileText = "</script><b>&\"'\u{1B}[31m\n\u{202E}\u{0}漢字🙂]]>"

  static let hostile = Chart(
    title: hostileText, subtitle: [hostileText], x: .init(label: hostileText, categories: [hostileText, "b"]),
    y: .init(label: hostileText), series: [.init(label: hostileText, details: [hostileText], color: -3, hatched: true)],
    legendColumns: [hostileText],
    panels: [
      .init(
        title: hostileText,
        layers: [
          .init(series: 0, mark: .bars([.init(low: -0.4, high: 0.4, height: 2)])),
          .init(series: nil, mark: .verticalRule(x: 0, label: hostileText)),
          .init(series: nil, mark: .horizontalRule(y: 1, label: hostileText)),
        ])
    ], footnotes: [hostileText])

  /// Values at and beyond what can be drawn, and marks of a series that does not exist.
  static let extreme = Chart(
    title: "Extreme", x: .init(label: "x"), y: .init(label: "y", format: .unit("ms")),
    series: [.init(label: "a", color: 99), .init(label: "b", color: .min)],
    panels: [
      .init(layers: [
        .init(
          series: 0,
          mark: .line([
            .init(x: -1e300, y: -1e300), .init(x: 1e300, y: 1e300), .init(x: .greatestFiniteMagnitude, y: 0),
          ])),
        .init(series: 1, mark: .points([.init(x: .nan, y: 0), .init(x: 0, y: .infinity), .init(x: 0, y: 5e-324)])),
        .init(series: 1, mark: .step([.init(x: 0, y: 1), .init(x: 1, y: -.infinity), .init(x: 2, y: 1)])),
        .init(series: 0, mark: .area([.init(x: 0, low: 5, high: -5), .init(x: 0, low: 1e299, high: 2)])),
        .init(series: 0, mark: .intervals([.init(x: 0, low: -1e299, high: 1e299)])),
        .init(series: 7, mark: .bars([.init(low: 3, high: -3, height: -1e300)])),
        .init(series: 1, mark: .bars([.init(low: 3, high: -3, height: -1e300)])),
      ])
    ])

  static let many = Chart(
    title: "Twelve", x: .init(label: "x"), y: .init(label: "y"),
    series: (0..<12).map { .init(label: "configuration \($0)", details: ["\($0)"], color: $0) }, legendColumns: ["n"],
    panels: (0..<12).map { index in
      .init(
        title: "panel \(index)",
        layers: [.init(series: index, mark: .line((0..<5).map { .init(x: Double($0), y: Double($0 * index)) }))])
    })

  static let all = [histograms, logarithmic, point, hatched, empty, hostile, extreme, many]
}
