/// Which token of which segment each row of a pass is; rows of one segment lie together, ascending by position.
struct PassRows {
  struct Span: BitwiseCopyable {
    /// The segment's, which outlives the pass.
    let cache: Uncounted<SequenceCache>
    let isStep: Bool
    /// Position of the segment's first token.
    let position: Int
    /// First row.
    var first: Int
    var count: Int
  }

  private(set) var spans: [Span] = []
  /// Position in the text of each row.
  private(set) var positions: [Int] = []
  /// Whether some segment's rows change between layers.
  private(set) var flows = false

  /// Takes the rows of other segments, in the memory that it has.
  mutating func begin(_ segments: [Segment]) {
    spans.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    flows = false
    for segment in segments {
      spans.append(
        Span(
          cache: Uncounted(segment.cache), isStep: segment.isStep, position: segment.position, first: positions.count,
          count: segment.count))
      for index in 0..<segment.count { positions.append(segment.position + index) }
      flows = flows || segment.cache.flow != nil
    }
  }

  var count: Int { positions.count }

  func positions(_ span: Span) -> [Int] { Array(positions[span.first..<span.first + span.count]) }

  /// Where the rows of a later layer come from.
  enum Source {
    /// A row of the layer before.
    case row(Int)
    /// A token that comes back, of the segment at `span`.
    case waiting(span: Int, position: Int)
  }

  /// Lets tokens that come back join before a layer; nil if none does.
  mutating func admit(layer: Int) -> [Source]? {
    guard flows else { return nil }
    let returning = spans.map { flow(of: $0)?.enter(layer: layer, positions: positions($0)) ?? [] }
    guard returning.contains(where: { !$0.isEmpty }) else { return nil }
    var sources: [Source] = []
    var joined: [Int] = []
    for (index, span) in spans.enumerated() {
      let first = joined.count
      var rows: [(position: Int, source: Source)] = (span.first..<span.first + span.count).map {
        (positions[$0], .row($0))
      }
      rows += returning[index].map { ($0, .waiting(span: index, position: $0)) }
      rows.sort { $0.position < $1.position }
      joined += rows.map(\.position)
      sources += rows.map(\.source)
      spans[index].first = first
      spans[index].count = rows.count
    }
    positions = joined
    return sources
  }

  /// Lets tokens leave behind a layer, each handed to `park` with its row before rows move; the rows that go on, or nil if
  /// all do.
  mutating func release(layer: Int, park: (any FlowState, _ position: Int, _ row: Int) -> Void) -> [Int]? {
    guard flows else { return nil }
    let staying = spans.map { flow(of: $0)?.stay(layer: layer, positions: positions($0)) }
    guard staying.contains(where: { $0 != nil }) else { return nil }
    var rows: [Int] = []
    for (index, span) in spans.enumerated() {
      let first = rows.count
      for row in span.first..<span.first + span.count {
        if staying[index]?[row - span.first] ?? true {
          rows.append(row)
        } else if let flow = flow(of: span) {
          park(flow, positions[row], row)
        }
      }
      spans[index].first = first
      spans[index].count = rows.count - first
    }
    positions = rows.map { positions[$0] }
    return rows
  }

  private func flow(of span: Span) -> (any FlowState)? { span.cache.with { $0.flow } }
}
