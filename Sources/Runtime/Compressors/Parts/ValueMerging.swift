/// CaM's disposal: the value of a token that leaves is spread over the next survivors with a probability that grows with
/// the attention it has received (sheet cam).
struct ValueMerging: Disposer {
  enum Form: String, Sendable, CaseIterable {
    /// Attention summed over all queries, over the mean of the receivers' sums.
    case sum
    /// The current query's weights, over the mean of the recent window's.
    case step
    /// Attention summed over the prompt's queries, over the largest of sinks and recent window.
    case prompt
  }

  enum Draw: String, Sendable, CaseIterable {
    /// All or nothing, by chance.
    case bernoulli
    /// The probability as a weight.
    case mean
    /// Everything that leaves is merged.
    case always
  }

  let receivers: Int
  let form: Form
  let draw: Draw
  let sink: Int
  let recent: Int
  let seed: Int

  var needs: AttentionNeeds { AttentionNeeds(columnSums: .causal, stepWeights: true) }

  func makeState(shape: CacheShape, layer: Int) -> any DisposeState {
    ValueMergingState(policy: self, shape: shape, layer: layer)
  }

  /// How much of a value goes on, 0...1: attention of the token over that of the others, cut at 1; 0 over 0 is 0.
  static func probability(_ own: Float, over others: Float) -> Float {
    if others > 0 { return min(1, max(0, own / others)) }
    return own > 0 ? 1 : 0
  }
}

private final class ValueMergingState: DisposeState {
  let policy: ValueMerging
  let shape: CacheShape
  let layer: Int
  let heads: [Received]

  /// Attention that the slots of one head have received.
  final class Received {
    var weights: [Float] = []  // [slots]
    var row: [Float] = []  // [headDim], a value on its way
  }

  init(policy: ValueMerging, shape: CacheShape, layer: Int) {
    self.policy = policy
    self.shape = shape
    self.layer = layer
    heads = (0..<shape.kvHeads).map { _ in Received() }
  }

  var metadataBytes: Int { heads.reduce(0) { $0 + $1.weights.count * MemoryLayout<Float>.size } }

  func keepPrompt(head: Int, _ view: HeadView) { heads[head].weights = view.columnSums }

  func leavePrompt(head: Int, kept: [Int], _ view: HeadView) {
    let (weights, positions) = (view.columnSums, view.positions)
    guard let store = view.layer?.store, weights.count == view.count else { return }
    var values = view.values(head: head)
    let headDim = shape.headDim
    var stays = [Bool](repeating: false, count: view.count)
    for slot in kept { stays[slot] = true }
    var changed = stays.map { _ in false }
    // As if the prompt had been read token by token: the oldest leaves first, and what it gave goes on with its receiver.
    for slot in 0..<view.count where !stays[slot] {
      let receivers = slot + 1..<min(view.count, slot + 1 + policy.receivers)
      let share = share(
        head: head, position: positions[slot], own: weights[slot], receivers: receivers.map { weights[$0] },
        guarded: guarded(weights, view))
      guard share > 0, !receivers.isEmpty else { continue }
      for receiver in receivers {
        changed[receiver] = true
        for channel in 0..<headDim {
          values[receiver * headDim + channel] +=
            values[slot * headDim + channel] * share / Float(receivers.count)
        }
      }
    }
    values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for slot in kept where changed[slot] { store.replaceValue(head: head, slot: slot, with: base + slot * headDim) }
    }
    heads[head].weights = kept.map { weights[$0] }
  }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    let received = heads[head]
    let isSum = policy.form == .sum
    for slot in 0..<count {
      if slot >= received.weights.count {
        received.weights.append(policy.form == .prompt ? 0 : weights[slot])
      } else if isSum {
        received.weights[slot] += weights[slot]
      } else if policy.form == .step {
        received.weights[slot] = weights[slot]
      }
    }
  }

  func leave(head: Int, slot: Int, _ view: HeadView) {
    let received = heads[head]
    defer {
      received.weights.swapAt(slot, received.weights.count - 1)
      received.weights.removeLast()
    }
    guard let store = view.layer?.store else { return }
    let receivers = next(after: view.positions[slot], view)
    let share = share(
      head: head, position: view.positions[slot], own: received.weights[slot],
      receivers: receivers.map { received.weights[$0] }, guarded: guarded(received.weights, view))
    guard share > 0, !receivers.isEmpty else { return }
    let headDim = shape.headDim
    if received.row.count != 2 * headDim { received.row = [Float](repeating: 0, count: 2 * headDim) }
    received.row.withUnsafeMutableBufferPointer { rows in
      guard let value = rows.baseAddress else { return }
      let target = value + headDim
      store.valueRows(head: head, tokens: slot..<slot + 1, into: value)
      for receiver in receivers {
        store.valueRows(head: head, tokens: receiver..<receiver + 1, into: target)
        for channel in 0..<headDim { target[channel] += value[channel] * share / Float(receivers.count) }
        store.replaceValue(head: head, slot: receiver, with: target)
      }
    }
  }

  /// The slots of the next tokens of the text that are held.
  private func next(after position: Int32, _ view: HeadView) -> [Int] {
    let end = position &+ Int32(truncatingIfNeeded: policy.receivers)
    // Mostly the window is whole, and the next tokens are the next positions.
    var near: [Int] = []
    var later: [Int] = []
    let positions = view.positions
    for (slot, other) in positions.enumerated() where other > position {
      if other <= end { near.append(slot) } else { later.append(slot) }
    }
    near.sort { positions[$0] < positions[$1] }
    guard near.count < policy.receivers else { return near }
    later.sort { positions[$0] < positions[$1] }
    return near + later.prefix(policy.receivers - near.count)
  }

  /// Weights of the sinks and of the recent window.
  private func guarded(_ weights: [Float], _ view: HeadView) -> [Float] {
    guard policy.form != .sum else { return [] }
    let isRecentOnly = policy.form == .step
    let oldest = view.seenTokens - policy.recent
    let positions = view.positions
    return (0..<min(weights.count, positions.count)).compactMap { slot in
      let position = Int(positions[slot])
      return position >= oldest || (!isRecentOnly && position < policy.sink) ? weights[slot] : nil
    }
  }

  /// How much of the value of a token goes on.
  private func share(head: Int, position: Int32, own: Float, receivers: [Float], guarded: [Float]) -> Float {
    func mean(_ weights: [Float]) -> Float { weights.isEmpty ? 0 : weights.reduce(0, +) / Float(weights.count) }
    let others =
      switch policy.form {
      case .sum: mean(receivers)
      case .step: mean(guarded)
      case .prompt: guarded.max() ?? 0
      }
    let probability = ValueMerging.probability(own, over: others)
    switch policy.draw {
    case .always: return 1
    case .mean: return probability
    case .bernoulli:
      let noise = Noise(seed: UInt64(bitPattern: Int64(policy.seed)), sample: "cam", step: layer << 16 + head)
      return Float(Noise.uniform(noise.bits(token: Int(position)))) < probability ? 1 : 0
    }
  }
}
