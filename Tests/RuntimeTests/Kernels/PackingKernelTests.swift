import KernelABI
import Testing

@testable import Runtime

/// The kernels that pack and restore rows against their plain twins, in every set this processor runs.
struct PackingKernelTests {
  @Test("codes row by row go to the places of keys and values and back", arguments: InstructionSet.available)
  func packing(_ set: InstructionSet) {
    let kernels = set.table.packing
    for trial in 0..<40 {
      var draw = SeededNumbers(trial)
      let bits = [2, 4, 8].randomElement(using: &draw) ?? 4
      let headDim = 16 * draw.int(1...9)
      let blocks = draw.int(1...3)
      let rows = (0..<blocks * 16 * headDim).map { _ in UInt8(draw.int(0...(1 << bits) - 1)) }
      let bytes = blocks * 2 * headDim * bits
      for isKeys in [true, false] {
        var packed = [UInt8](repeating: 0xa5, count: bytes + 64)
        (isKeys ? kernels.packKeys : kernels.packValues)(rows, blocks, bits, headDim, &packed)
        #expect(packed[bytes...].allSatisfy { $0 == 0xa5 })
        var twin = [UInt8](repeating: 0, count: bytes)
        for (index, code) in rows.enumerated() {
          let (token, channel) = index.quotientAndRemainder(dividingBy: headDim)
          let place =
            isKeys
            ? PackedKeyBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
            : PackedValueBlocks.place(token: token, channel: channel, bits: bits, headDim: headDim)
          CodePacking.write(code, at: place, bits: bits, &twin)
        }
        #expect(Array(packed[..<bytes]) == twin)
        var back = [UInt8](repeating: 0xa5, count: rows.count + 64)
        (isKeys ? kernels.unpackKeys : kernels.unpackValues)(twin, blocks, bits, headDim, &back)
        #expect(Array(back[..<rows.count]) == rows && back[rows.count...].allSatisfy { $0 == 0xa5 })
      }
    }
  }

  @Test(
    "numbers get the codes of the plain quantiser, beside the middle of two codes too",
    arguments: InstructionSet.available)
  func quantising(_ set: InstructionSet) {
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      let bits = [2, 4, 8].randomElement(using: &draw) ?? 4
      let width = 16 * draw.int(1...8)
      let rows = draw.int(1...5)
      var x = draw.numbers(rows * width, scale: Float.random(in: 1e-4...1e3, using: &draw))
      var quantiser = GroupQuantiser(bits: bits, minimum: x.min() ?? 0, maximum: x.max() ?? 0).roundedToHalf()
      if trial % 3 == 0 {
        // Middles of codes and their neighbours.
        for place in x.indices {
          let middle = (Float(draw.int(0...(1 << bits) - 2)) + 0.5) * quantiser.scale + quantiser.minimum
          x[place] = [middle, middle.nextUp, middle.nextDown].randomElement(using: &draw) ?? middle
        }
      }
      if trial % 5 == 0 { x[draw.int(0...x.count - 1)] = [.infinity, -.infinity].randomElement(using: &draw) ?? 0 }
      if trial % 7 == 0 { quantiser.scale = [0, .nan, .leastNonzeroMagnitude].randomElement(using: &draw) ?? 0 }
      var codes = [UInt8](repeating: 0xa5, count: x.count)
      let stride = width + 16 * draw.int(0...3)
      let perUnit = quantiser.errorReach.isFinite ? FixedRows.most / quantiser.errorReach : 0
      let errors = KernelTrial.guardedFixed(rows * stride) {
        set.table.packing.quantiseUniform(
          x, rows, width, quantiser.scale, quantiser.minimum, quantiser.levels, &codes, perUnit, $0, stride)
      }
      let restored = KernelTrial.guarded(x.count) {
        set.table.packing.restoreUniform(codes, x.count, quantiser.scale, quantiser.minimum, $0)
      }
      for place in x.indices {
        let code = quantiser.code(x[place])
        #expect(codes[place] == code, "\(x[place]) \(quantiser)")
        #expect(restored[place].bitPattern == quantiser.restored(code).bitPattern || restored[place].isNaN)
        let error = Float(errors[place / width * stride + place % width])
        let expected = (x[place] - quantiser.restored(code)) * perUnit
        let isFar = abs(expected) > FixedRows.most
        #expect(
          error == (expected.isNaN ? 0 : isFar ? (expected > 0 ? 16_383 : -16_383) : expected.rounded(.toNearestOrEven))
        )
        // Between the extremes an error is within reach, unless this trial changed the scale.
        if x[place].isFinite, trial % 7 > 0, trial % 3 > 0, trial % 5 > 0 { #expect(!isFar) }
      }
    }
    var codes = [UInt8](repeating: 1, count: 16)
    var errors = [Int16](repeating: 1, count: 16)
    set.table.packing.quantiseUniform([Float](repeating: .nan, count: 16), 1, 16, 1, -3, 15, &codes, 1, &errors, 16)
    #expect(codes.allSatisfy { $0 == 0 } && errors.allSatisfy { $0 == 0 })
  }

  @Test("exact keys become rows", arguments: InstructionSet.available)
  func keyRows(_ set: InstructionSet) {
    for (trial, element) in [FloatElement.float32, .float16, .bfloat16].enumerated() {
      var draw = SeededNumbers(trial)
      for headDim in [16, 48, 64, 128] {
        let keys = KernelTrial.representable(draw.numbers(3 * 16 * headDim), element)
        var blocked = keys
        for place in keys.indices {
          let (token, channel) = place.quotientAndRemainder(dividingBy: headDim)
          blocked[(token / 16 * headDim + channel) * 16 + token % 16] = keys[place]
        }
        let rows = KernelTrial.guarded(2 * 16 * headDim) { out in
          KernelTrial.bytes(blocked, element).withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            set.table.packing.keyRows(ExactRows(elements: base, element: element, headDim: headDim), 1..<3, out)
          }
        }
        #expect(rows == Array(keys[(16 * headDim)...]))
      }
    }
  }
}
