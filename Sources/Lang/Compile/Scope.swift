/// The names of one function while it is compiled; the outermost one is the text itself, whose names are the session's.
final class Scope {
  enum Kind { case text, function, row }

  struct Local {
    var slot: Int
    var known: Known
  }

  enum Place {
    case local(Local)
    /// A value that was copied in when the function was made.
    case captured(slot: Int)
    case global(slot: Int)
    /// A column of the incoming table or, where it has none of that name, a variable.
    case row(slot: Int)
  }

  let kind: Kind
  let parent: Scope?
  /// The name by which a function nested in another one calls itself.
  var selfName: String?
  /// Locals of the open blocks, innermost last.
  var blocks: [[String: Local]] = [[:]]
  private(set) var slotCount = 0
  /// Names copied from around, in the order of their slots.
  private(set) var captures: [(slot: Int, place: Place?)] = []
  private var captureSlots: [String: Int] = [:]
  /// Locals that some code reads or changes.
  private(set) var used: Set<String> = []
  private(set) var rowNames: [(name: String, span: Span, slot: Int)] = []

  init(_ kind: Kind, parent: Scope?) {
    self.kind = kind
    self.parent = parent
  }

  var isInsideRow: Bool { kind == .row || (parent?.isInsideRow ?? false) }

  func newSlot() -> Int {
    slotCount += 1
    return slotCount - 1
  }

  func declare(_ name: String, _ known: Known = Known()) -> Int {
    let slot = newSlot()
    blocks[blocks.count - 1][name] = Local(slot: slot, known: known)
    return slot
  }

  func local(_ name: String) -> Local? {
    for block in blocks.reversed() { if let local = block[name] { return local } }
    return nil
  }

  /// Where a name lives, seen from here; names of functions around are captured on the way.
  func resolve(_ name: String, at span: Span, globals: GlobalStore) -> Place? {
    if let local = local(name) {
      used.insert(name)
      return .local(local)
    }
    if let slot = captureSlots[name] { return .captured(slot: slot) }
    if name == selfName { return capture(name, nil) }
    switch kind {
    case .text: return globals.slot(name).map { .global(slot: $0) }
    case .row:
      if let known = rowNames.first(where: { $0.name == name }) { return .row(slot: known.slot) }
      let slot = newSlot()
      rowNames.append((name, span, slot))
      return .row(slot: slot)
    case .function:
      guard let place = parent?.resolve(name, at: span, globals: globals) else { return nil }
      if case .global = place { return place }
      return capture(name, place)
    }
  }

  /// The same without columns: what a function name in a row expression means.
  func resolveBeyondColumns(_ name: String, at span: Span, globals: GlobalStore) -> Place? {
    if kind == .text || !isInsideRow { return resolve(name, at: span, globals: globals) }
    if let local = local(name) { return .local(local) }
    if name != selfName, parent?.resolveBeyondColumns(name, at: span, globals: globals) == nil { return nil }
    return resolve(name, at: span, globals: globals)
  }

  private func capture(_ name: String, _ place: Place?) -> Place {
    let slot = newSlot()
    captures.append((slot, place))
    captureSlots[name] = slot
    return .captured(slot: slot)
  }

  /// Every name that can be read here, for suggestions.
  func names(globals: GlobalStore) -> [String] {
    blocks.flatMap(\.keys) + (parent?.names(globals: globals) ?? globals.names)
  }
}
