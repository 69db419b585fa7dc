import Foundation
import Testing

@testable import Runtime

@Suite("GGUF dequantisation")
struct GGUFDequantiseTests {
  private struct Row: Decodable {
    var type: String
    var bytes: String
    var bits: [UInt32]
  }

  // Made by Fixtures/gguf_dequantise.py with the gguf package.
  @Test("every supported type gives the floats that the gguf package gives, bit for bit")
  func matchesPackage() throws {
    let data = try Data(contentsOf: PackageFolder.fixture("gguf_dequantise.json"))
    let rows = try JSONDecoder().decode([Row].self, from: data)
    #expect(rows.map(\.type) == GGUFType.supported.map(\.name))
    for row in rows {
      let type = try #require(GGUFType.supported.first { $0.name == row.type })
      // One byte of padding in front, so that nothing is aligned.
      let digits = Array(row.bytes)
      let bytes =
        try [0]
        + stride(from: 0, to: digits.count, by: 2).map { index in
          try #require(UInt8(String(digits[index...index + 1]), radix: 16))
        }
      var floats = [Float](repeating: .nan, count: row.bits.count)
      try bytes.withUnsafeBytes { source in
        let start = try #require(source.baseAddress)
        floats.withUnsafeMutableBufferPointer { target in
          guard let to = target.baseAddress else { return }
          let isWritten = GGUFDequantise.write(type, from: start + 1, elementCount: row.bits.count, to: to)
          #expect(isWritten)
        }
      }
      #expect(floats.map(\.bitPattern) == row.bits, "\(row.type)")
    }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test("every half-precision pattern widens as the machine widens it")
    func halves() {
      for bits in UInt16.min...UInt16.max {
        let machine = Float(Float16(bitPattern: bits))
        let ours = HalfFloat.widened(bits)
        #expect(ours.bitPattern == machine.bitPattern || (ours.isNaN && machine.isNaN))
      }
    }
  #endif
}
