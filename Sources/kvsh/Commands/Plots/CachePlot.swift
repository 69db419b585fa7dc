import Lang
import Runtime

/// `inspect ... | plot cache`: what is held, layers by positions.
struct CachePlot: PlotKind {
  /// Cells along a side of a panel at most.
  private static let most = 256

  let entry = NameEntry(
    "cache", summary: "what a cache holds of a text: layers by positions, as dark as the bits it is stored in",
    details: """
      Out of the table of `inspect`, a row a head. A cell is a position in a layer; its shade is the bits of a number \
      over 16, the mean over the layer's heads, so that white is dropped by all of them and full is held in half precision \
      by all. A panel for each configuration.
      """)

  func draw(_ call: Call) throws -> PlotValue {
    let table = try call.table()
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`", expected: "a table of `inspect`, by=head",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let (configs, layers, stored) = (try column("config"), try column("layer"), try column("stored"))
    let tokens = try column("tokens")
    var labels: [String] = []
    var maps: [CacheMap] = []
    for row in 0..<table.rowCount {
      let label = configs[row].text
      guard let layer = layers[row].asInt, (0..<100_000).contains(layer), let count = tokens[row].asInt,
        (1..<1 << 24).contains(count), let ranges = StoredRanges(text: stored[row].text)
      else {
        throw Problem(
          "K605", seen: "row \(row) (\(label)) has stored \(stored[row].display)",
          expected: "a table of `inspect`, by=head", labels: [.init(call.inputSpan ?? call.span)])
      }
      if !labels.contains(label) {
        labels.append(label)
        maps.append(CacheMap())
      }
      labels.firstIndex(of: label).map { maps[$0].add(ranges, layer: layer, tokens: count) }
    }
    return PlotValue(
      kind: entry.name, chart: Self.chart(labels, maps), summary: summary(labels, maps),
      data: Table(rows: zip(labels, maps).flatMap { label, map in map.records(label) }), command: call.span.source.text)
  }

  private static func chart(_ labels: [String], _ maps: [CacheMap]) -> Chart {
    let (width, height) = (Double(max(1, maps.map(\.tokens).max() ?? 1)), Double(max(1, maps.map(\.layers).max() ?? 1)))
    var chart = Chart(
      title: "What the cache holds", x: .init(label: "position in the text", range: 0...width),
      y: .init(label: "layer", range: 0...height))
    var run = 1
    chart.panels = zip(labels, maps).map { label, map in
      let small = TensorChart.shrunk(map.bits, rows: map.layers, columns: map.tokens, most: most)
      run = max(run, small.run.1)
      let (x, y) = (0...Double(max(1, map.tokens)), 0...Double(max(1, map.layers)))
      return Chart.Panel(
        title: label,
        layers: [
          .init(
            series: nil, mark: .cells(.init(x: x, y: y, columns: small.columns, values: small.values, low: 0, high: 16))
          )
        ])
    }
    chart.footnotes = [
      "Bits of a number, the mean over the heads of a layer: from 0 (dark or empty: dropped by all) to 16 (bright or "
        + "full). Layer 0, the first, is at the bottom."
    ]
    if run > 1 { chart.footnotes.append("A cell is the mean of up to \(run) positions.") }
    return chart
  }

  private func summary(_ labels: [String], _ maps: [CacheMap]) -> Table {
    Table(
      rows: zip(labels, maps).map { label, map in
        Record([
          ("config", .string(label)), ("tokens", .int(map.tokens)), ("layers", .int(map.layers)),
          ("mean_bits", .float(map.meanBits)),
        ])
      })
  }
}

/// Bits held by layer and position, the mean over heads; 0 where a head holds nothing.
struct CacheMap {
  private var sums: [[Double]] = []  // [layers][positions]
  private var heads: [Int] = []  // [layers]
  private(set) var tokens = 0
  var layers: Int { sums.count }

  mutating func add(_ stored: StoredRanges, layer: Int, tokens count: Int) {
    tokens = max(tokens, count)
    while sums.count <= layer {
      sums.append([])
      heads.append(0)
    }
    heads[layer] += 1
    for range in stored.ranges {
      // A table that was edited may name positions beyond its text.
      let end = min(range.positions.upperBound, tokens - 1)
      guard range.positions.lowerBound <= end else { continue }
      if sums[layer].count <= end {
        sums[layer] += Array(repeating: 0, count: end + 1 - sums[layer].count)
      }
      for position in range.positions.lowerBound...end { sums[layer][position] += range.bits }
    }
  }

  private func bits(_ layer: Int, _ position: Int) -> Double {
    position < sums[layer].count ? sums[layer][position] / Double(max(1, heads[layer])) : 0
  }

  var meanBits: Double { sums.reduce(0) { $0 + $1.reduce(0, +) } / Double(max(1, heads.reduce(0, +) * tokens)) }

  /// Bits by layer and position.
  var bits: [Double] {  // [layers, tokens]
    sums.indices.flatMap { layer in (0..<tokens).map { bits(layer, $0) } }
  }

  func records(_ label: String) -> [Record] {
    sums.indices.flatMap { layer in
      (0..<tokens).map { position in
        Record([
          ("config", .string(label)), ("layer", .int(layer)), ("position", .int(position)),
          ("bits", .float(bits(layer, position))),
        ])
      }
    }
  }
}
