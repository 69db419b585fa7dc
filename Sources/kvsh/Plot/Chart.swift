/// A figure as data: what is drawn, never how. The terminal, SVG, HTML and Vega-Lite are renderers of it.
struct Chart: Equatable, Sendable {
  var title: String
  /// Lines below the title: model, data, sampling.
  var subtitle: [String] = []
  var x: Axis
  var y: Axis
  /// Named sets of marks; a mark refers to one by its index.
  var series: [Series] = []
  /// Headings of `Series.details`, so that the legend is a small table.
  var legendColumns: [String] = []
  /// Small multiples over common axes; one panel is an ordinary chart.
  var panels: [Panel] = []
  /// What a reader must know to judge the figure: what was dropped, skipped, censored or simulated.
  var footnotes: [String] = []

  /// One thing that is drawn in one colour throughout the figure.
  struct Series: Equatable, Sendable {
    var label: String
    /// One cell per legend column.
    var details: [String] = []
    /// Place in the palette; renderers wrap around its end and change the mark or dash.
    var color: Int
    /// Simulated storage: drawn hatched or dashed everywhere.
    var hatched: Bool = false
  }

  struct Panel: Equatable, Sendable {
    var title: String = ""
    /// Drawn in order, later ones above.
    var layers: [Layer]
  }

  struct Layer: Equatable, Sendable {
    /// Index into `Chart.series`; nil for what belongs to no series, such as a rule.
    var series: Int?
    var mark: Mark
  }

  enum Mark: Equatable, Sendable {
    /// Filled from the axis (0, or the axis floor if logarithmic) up to the height.
    case bars([Bar])
    case line([Point])
    /// Holds each value until the next x.
    case step([Point])
    case points([Point])
    /// A filled band between two values, such as an interval along a curve.
    case area([Span])
    /// Vertical intervals, such as the error bar of a mean.
    case intervals([Span])
    /// A grid of values, each a colour.
    case cells(Cells)
    case verticalRule(x: Double, label: String = "")
    case horizontalRule(y: Double, label: String = "")
  }

  struct Point: Equatable, Sendable {
    var x: Double
    var y: Double
  }

  /// A bar over `low...high` on the x axis.
  struct Bar: Equatable, Sendable {
    var low: Double
    var high: Double
    var height: Double
  }

  /// Values in a grid over `x` and `y`, from the low ends on; the colours run from `low` to `high`.
  struct Cells: Equatable, Sendable {
    var x: ClosedRange<Double>
    var y: ClosedRange<Double>
    var columns: Int
    var values: [Double]  // [rows, columns]
    var low: Double
    var high: Double

    var rows: Int { columns > 0 ? values.count / columns : 0 }

    /// A value's place between the ends, 0...1; nil for one that is not finite.
    func share(_ value: Double) -> Double? {
      guard value.isFinite else { return nil }
      return high > low ? (value - low) / (high - low) : 0
    }
  }

  /// `low...high` on the y axis at one x.
  struct Span: Equatable, Sendable {
    var x: Double
    var low: Double
    var high: Double
  }
}

extension Chart {
  struct Axis: Equatable, Sendable {
    var label: String
    var scale: Scale = .linear
    var format: Format = .number
    /// Fixed ends; nil: taken from the data. What lies outside is cut at the frame.
    var range: ClosedRange<Double>?
    /// Names for the places 0, 1, 2, ...; nil for a numeric axis.
    var categories: [String]?
    /// The low end stands where the high one would: rows of a matrix are read from the top.
    var isReversed = false
  }

  enum Scale: String, Equatable, Sendable {
    case linear
    case log
  }

  enum Format: Equatable, Sendable {
    case number
    /// Values are percentages already: 50 prints as "50 %".
    case percent
    /// Values are shares: 0.5 prints as "50 %".
    case share
    case bytes
    /// A number followed by its unit: "12 ms".
    case unit(String)
  }
}

extension Chart.Mark {
  /// True for marks that cover an area and so need a fill.
  var isFilled: Bool {
    switch self {
    case .bars, .area: true
    default: false
    }
  }
}
