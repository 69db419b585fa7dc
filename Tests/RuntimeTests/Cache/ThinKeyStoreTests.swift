import KernelABI
import Testing

@testable import Runtime

/// The checks of sheet think.
struct ThinKeyStoreTests {
  static let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 3, headDim: 64)

  /// A store that has seen a prompt of random tokens and the queries of its end.
  static func trial(
    ratio: Double = 0.4, recent: Int = 32, prompt: Int, shape: CacheShape = shape, set: InstructionSet = .base
  ) -> StoreTrial {
    let settings = ThinKeySettings(ratio: ratio, window: 32, recent: recent)
    var trial = StoreTrial(ThinKeyCodec(settings: settings), shape, set: set, seed: 6)
    trial.append(prompt)
    var draw = SeededNumbers(4)
    let width = shape.kvHeads * shape.groupHeads * shape.headDim
    var window = PromptWindow(capacity: 32, width: width)
    window.append(draw.numbers(prompt * width), stride: width, tokens: prompt)
    trial.store.observePrompt(window)
    trial.store.finishPrefill()
    return trial
  }

  @Test("the smallest products of mean squares go; of equal ones the first")
  func choice() {
    #expect(ThinKeySettings.kept([4, 9, 1, 0.25], removing: 2) == [0, 1])
    #expect(ThinKeySettings.kept([4, 9, 1, 0.25], removing: 1) == [0, 1, 2])
    #expect(ThinKeySettings.kept([1, 1, 1, 1], removing: 2) == [2, 3])
  }

  @Test("channels are weighed by the window's queries and all keys, the recent ones too")
  func weighing() throws {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 16, element: .float32)
    let settings = ThinKeySettings(ratio: 0.25, window: 2, recent: 3)
    let trial = StoreTrial(ThinKeyCodec(settings: settings), shape, seed: 0)
    // Only the last key, a recent one, has channel 5; only the last two queries have channels 0 to 11.
    var keys = [Float](repeating: 1, count: 8 * 16)
    for token in 0..<7 { keys[token * 16 + 5] = 0 }
    keys[7 * 16 + 5] = 100
    trial.append(head: 0, keys: keys, values: keys)
    var window = PromptWindow(capacity: 2, width: 16)
    var queries = [Float](repeating: 9, count: 8 * 16)
    for token in 6..<8 { for channel in 0..<16 { queries[token * 16 + channel] = channel < 12 ? 1 : 0.1 } }
    window.append(queries, stride: 16, tokens: 8)
    trial.store.observePrompt(window)
    trial.store.finishPrefill()
    let store = try #require(trial.store as? ThinKeyStore)
    #expect(store.keptChannels(head: 0) == Array(0..<12))
  }

  @Test("40 % of 64 channels are 25: 39 stay; bytes are the sheet's", arguments: [(0.4, 963_264), (0.5, 792_576)])
  func bytes(_ row: (ratio: Double, keyBytes: Int)) {
    let trial = Self.trial(ratio: row.ratio, prompt: 4096, shape: StoreBytesTests.sheetShape)
    let bytes = trial.store.bytes
    #expect(bytes.payload == row.keyBytes + 1_572_864)
    #expect(bytes.metadata == 3 * 64)
    #expect(bytes.exactTail == 0 && bytes.scales == 0 && bytes.corrections == 0)
  }

  @Test(
    "scores are those of keys with the dropped channels at zero, at full scale", arguments: InstructionSet.available)
  func scores(_ set: InstructionSet) {
    for prompt in [33, 100, 333] {
      var trial = Self.trial(prompt: prompt, set: set)
      trial.decode(40)
      var draw = SeededNumbers(prompt)
      let count = prompt + 40
      for range in [0..<count, 32..<count, 32..<64] {
        #expect(trial.scoreError(1, draw.numbers(3 * 64), range) < 1e-6)
        #expect(trial.valueError(1, [range.map { _ in 0.2 }], range) < 1e-6)
      }
      let keys = trial.store.decoded(head: 1).keys
      let zeros = (0..<count).map { token in (0..<64).filter { keys[token * 64 + $0] == 0 }.count }
      #expect(zeros[..<(prompt - 32)].allSatisfy { $0 == 25 } && zeros[(prompt - 32)...].allSatisfy { $0 == 0 })
    }
  }

  @Test("nothing is thinned with ratio 0 or where all tokens are recent; values never change")
  func untouched() {
    for (ratio, prompt) in [(0.0, 200), (0.4, 32), (0.4, 1)] {
      let trial = Self.trial(ratio: ratio, prompt: prompt)
      var exact = StoreTrial(nil, Self.shape, seed: 6)
      exact.prefill(prompt)
      var draw = SeededNumbers(2)
      let queries = draw.numbers(3 * 64)
      #expect(trial.scores(1, queries, 0..<prompt) == exact.scores(1, queries, 0..<prompt))
      #expect(trial.store.bytes == exact.store.bytes)
    }
    var exact = StoreTrial(nil, Self.shape, seed: 6)
    exact.prefill(200)
    #expect(Self.trial(prompt: 200).store.decoded(head: 0).values == exact.store.decoded(head: 0).values)
  }
}
