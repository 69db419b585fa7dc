import Testing

@testable import Runtime

/// Bytes counted against the Memory formulas of the sheets.
struct StoreBytesTests {
  static let sheetShape = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)

  static func kivi(_ bits: Int, group: Int = 32, residual: Int = 128) -> GroupedCodec {
    GroupedCodec(keyBits: bits, valueBits: bits, group: group, residual: residual)
  }

  @Test(
    "KIVI's worked numbers: bytes of one layer of SmolLM2", arguments: [(2, 4096, 629_760), (4, 4096, 1_016_832)])
  func kiviWorked(_ row: (bits: Int, tokens: Int, bytes: Int)) {
    var trial = StoreTrial(Self.kivi(row.bits), Self.sheetShape, seed: 1)
    trial.prefill(row.tokens)
    #expect(trial.store.bytes.counted == row.bytes)
  }

  @Test("KIVI's worst phase: 127 exact keys cost 162.84 bytes a token")
  func kiviWorstPhase() {
    var trial = StoreTrial(Self.kivi(2), Self.sheetShape, seed: 1)
    trial.prefill(4096)
    trial.decode(127)
    #expect(abs(Double(trial.store.bytes.counted) / 4223 - 162.84) < 0.005)
  }

  @Test("KIVI's bytes are the sheet's formula for any shape, length and phase", arguments: 0..<25)
  func kiviFormula(_ seed: Int) {
    var draw = SeededNumbers(seed)
    let group = [32, 64].randomElement(using: &draw) ?? 32
    let residual = group * draw.int(1...4)
    let bits = [2, 4, 8].randomElement(using: &draw) ?? 2
    let shape = CacheShape(layers: 2, kvHeads: draw.int(1...4), groupHeads: 1, headDim: 64 * draw.int(1...2))
    var trial = StoreTrial(Self.kivi(bits, group: group, residual: residual), shape, seed: seed)
    let prompt = draw.int(1...500)
    let steps = draw.int(0...200)
    trial.prefill(prompt)
    trial.decode(steps)
    let tokens = prompt + steps
    let keysPacked = tokens - tokens % residual
    let valuesPacked = max(0, tokens - residual)
    let width = shape.kvHeads * shape.headDim
    let bytes = trial.store.bytes
    #expect(bytes.payload == (keysPacked + valuesPacked) * width * bits / 8)
    #expect(bytes.scales == (keysPacked + valuesPacked) * width * 4 / group)
    #expect(bytes.exactTail == (2 * tokens - keysPacked - valuesPacked) * width * 2)
    #expect(bytes.metadata == 0 && bytes.corrections == 0)
    #expect(trial.store.takePeakBytes() >= bytes.held)
  }

  @Test(
    "GEAR's worked numbers by tensor: bytes of one layer of SmolLM2",
    arguments: [(4, 2 * 513_316, 250.64), (8, 2 * (513_316 + 393_216), 442.64)])
  func gearTensorWorked(_ row: (bits: Int, bytes: Int, perToken: Double)) {
    let settings = GearTensorSettings(bits: row.bits, outlier: 0.02, rank: 0.02, loops: 3, interval: 20, seed: 0)
    var trial = StoreTrial(GearTensorCodec(settings: settings), Self.sheetShape, seed: 1)
    trial.prefill(4096)
    #expect(trial.store.bytes.counted == row.bytes)
    #expect(abs(Double(trial.store.bytes.counted) / 4096 - row.perToken) < 0.005)
  }

  @Test("GEAR's bytes by tensor are the sheet's formula for any shape, length and phase", arguments: 0..<20)
  func gearTensorFormula(_ seed: Int) {
    var draw = SeededNumbers(seed &+ 100)
    let bits = [4, 8].randomElement(using: &draw) ?? 4
    let settings = GearTensorSettings(
      bits: bits, outlier: Double.random(in: 0...0.2, using: &draw), rank: Double.random(in: 0...0.3, using: &draw),
      loops: 2, interval: draw.int(1...40), seed: seed)
    let shape = CacheShape(layers: 2, kvHeads: draw.int(1...3), groupHeads: 1, headDim: 32 * draw.int(1...4))
    var trial = StoreTrial(GearTensorCodec(settings: settings), shape, seed: seed)
    let prompt = draw.int(1...200)
    let steps = draw.int(0...60)
    trial.prefill(prompt)
    trial.decode(steps)
    let buffered = steps % settings.interval
    let tokens = prompt + steps - buffered
    let width = shape.kvHeads * shape.headDim
    let numbers = tokens * width
    let outliers = Int(Double(numbers) * settings.outlier / 2)
    let rank = Int(settings.rank * Double(min(tokens, width)))
    let bytes = trial.store.bytes
    #expect(bytes.payload == 2 * numbers * bits / 8)
    #expect(bytes.scales == 2 * 4)
    #expect(bytes.corrections == 2 * (2 * outliers * 6 + 2 * rank * (tokens + width)))
    #expect(bytes.exactTail == 2 * buffered * width * 2)
    #expect(bytes.metadata == 0)
    #expect(trial.store.takePeakBytes() >= bytes.held)
  }

  @Test("GEAR's bytes by group: 120 of codes and 48.75 of low rank a token; outliers as the counts round")
  func gearGroupWorked() {
    let settings = GearGroupSettings(
      bits: 2, outlier: 0.02, rank: 4, rankDecode: 2, loops: 3, interval: 64, group: 64, seed: 0)
    var trial = StoreTrial(GearGroupCodec(settings: settings), Self.sheetShape, seed: 1)
    trial.prefill(4096)
    let bytes = trial.store.bytes
    #expect(bytes.payload + bytes.scales == 120 * 4096)
    // The sheet's 46.08 bytes take 2 % as it is; whole outliers are 40 + 40 of 4,096 tokens and 1 + 1 of 192 channels.
    #expect(bytes.corrections == 48_75 * 4096 / 100 + 6 * (80 * 192 + 2 * 4096))
    #expect(bytes.exactTail == 0 && bytes.metadata == 0)
  }

  @Test("GEAR's bytes by group are the sheet's formula for any shape, length and phase", arguments: 0..<20)
  func gearGroupFormula(_ seed: Int) {
    var draw = SeededNumbers(seed &+ 200)
    let bits = [2, 4].randomElement(using: &draw) ?? 4
    let group = [32, 64].randomElement(using: &draw) ?? 32
    let settings = GearGroupSettings(
      bits: bits, outlier: Double.random(in: 0...0.2, using: &draw), rank: draw.int(0...6),
      rankDecode: draw.int(0...3), loops: 2, interval: group * draw.int(1...2), group: group, seed: seed)
    let shape = CacheShape(layers: 2, kvHeads: draw.int(1...3), groupHeads: 1, headDim: 64 * draw.int(1...2))
    var trial = StoreTrial(GearGroupCodec(settings: settings), shape, seed: seed)
    let prompt = draw.int(1...300)
    let steps = draw.int(0...150)
    trial.prefill(prompt)
    trial.decode(steps)
    let width = shape.kvHeads * shape.headDim
    let first = prompt / settings.interval * settings.interval
    let packed = (prompt + steps) / settings.interval * settings.interval
    var corrections = 0
    var blocks = Array(repeating: (settings.interval, settings.rankDecode), count: (packed - first) / settings.interval)
    if first > 0 { blocks.insert((first, settings.rank), at: 0) }
    for (tokens, rank) in blocks {
      corrections += 2 * shape.kvHeads * 2 * rank * (tokens + shape.headDim)
      corrections += 12 * Int(Double(tokens) * settings.outlier / 2) * width
      corrections += 12 * Int(Double(width) * settings.outlier / 2) * tokens
    }
    let bytes = trial.store.bytes
    #expect(bytes.payload == 2 * packed * width * bits / 8)
    #expect(bytes.scales == 2 * packed * width * 4 / group)
    #expect(bytes.corrections == corrections)
    #expect(bytes.exactTail == 2 * (prompt + steps - packed) * width * 2)
    #expect(bytes.metadata == 0)
  }
}
