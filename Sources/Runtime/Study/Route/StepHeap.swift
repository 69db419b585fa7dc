/// Requests by the decode step at which something befalls them, the earliest first: a binary heap.
struct StepHeap {
  struct Entry {
    var step: Int
    var request: Int
  }

  private var entries: [Entry] = []

  var count: Int { entries.count }
  var first: Entry? { entries.first }

  mutating func insert(_ entry: Entry) {
    var place = entries.count
    entries.append(entry)
    while place > 0 {
      let parent = (place - 1) / 2
      guard entries[place].step < entries[parent].step else { break }
      entries.swapAt(place, parent)
      place = parent
    }
  }

  /// The next entry of this step, if there is one.
  mutating func removeFirst(at step: Int) -> Entry? {
    guard let least = entries.first, least.step == step else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      sink()
    }
    return least
  }

  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      let left = 2 * place + 1
      for child in [left, left + 1] where child < entries.count && entries[child].step < entries[least].step {
        least = child
      }
      if least == place { return }
      entries.swapAt(place, least)
      place = least
    }
  }
}
