/// How full the pages of some sequences are.
public struct PageUse: Equatable, Sendable {
  /// Pages that the tables name; one that several share counts for each.
  public var pages = 0
  /// Room for a token of one KV head, in all of those pages.
  public var slots = 0
  /// Of those, slots that hold a token.
  public var usedSlots = 0
  /// Pages copied because someone wrote to what others still read.
  public var copiedPages = 0
  /// Rows of one KV head that eviction moved to close gaps.
  public var movedRows = 0

  public init() {}

  public var unusedSlots: Int { slots - usedSlots }
  /// Share of the slots that hold nothing, 0...1.
  public var fragmentation: Double { slots > 0 ? Double(unusedSlots) / Double(slots) : 0 }

  static func + (a: PageUse, b: PageUse) -> PageUse {
    var sum = a
    sum.pages += b.pages
    sum.slots += b.slots
    sum.usedSlots += b.usedSlots
    sum.copiedPages += b.copiedPages
    sum.movedRows += b.movedRows
    return sum
  }
}
