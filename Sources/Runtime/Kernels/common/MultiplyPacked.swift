import CIntrinsics
import KernelABI

/// Integer matrix product: 16 output rows in the lanes, up to six activation rows by two panels in registers.
///
/// The least a (row, panel, block) can take is 8 vpdpbusd, a multiplication by the scales, an addition of the product
/// and, beside minima, one more: 10 or 11 instructions of the two pipes that multiply. All else is kept off them: the
/// zero of a code is in the integers' first value, sums are scaled when activations are rounded. Two panels a tile
/// halve the loads of activations, which would be one a vpdpbusd.
///
/// A (row, output) sum is formed in the same order for every tile height, so a row's result does not depend on its batch.
@Sendable func multiplyPacked(
  _ x: QuantisedRows, _ weights: PackedPanels, _ panels: Range<Int>, _ out: UnsafeMutablePointer<Float>,
  _ outStride: Int
) {
  let layout = weights.layout
  let pairBytes = layout.pairBytes(blocks: weights.blocks)
  let tiles = Tiles(layout)
  var tile = Tile(
    pair: weights.records, side: 0, isWhole: false, isFirst: false, blocks: weights.blocks,
    hasHeaders: layout.hasHeaders, headerBytes: layout.headerBytes, recordBytes: layout.recordBytes,
    scaleBytes: layout.scaleBytes,
    // A power of two: the shift of the codes is undone without rounding.
    factor: 1 / Float(1 &<< layout.shift), outStride: outStride)
  // Sums and scales of two halves at once leave no registers for six rows.
  let tallest = layout.parts == 1 ? mostRows : 4
  var panel = panels.lowerBound
  while panel < panels.upperBound {
    tile.pair = weights.records + panel / 2 * pairBytes
    tile.side = panel & 1
    // Without its neighbour a panel takes the neighbour's place too: both halves of the tile do the same.
    tile.isWhole = tilePanels == 2 && tile.side == 0 && panel + 1 < panels.upperBound
    var row = 0
    while row < x.rows {
      let left = x.rows - row
      // Eight rows are two tiles of four: a tile of six and one of two would take longer.
      let rows = tallest >= 6 && left >= 6 && left != 8 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1
      let lines = x.lines + row * x.blocks * QuantisedRows.lineBytes
      let target = out + row * outStride + panel * 16
      tile.isFirst = row == 0
      if rows >= 4 {
        tiles.tall(tile, lines, target, rows)
      } else {
        tiles.short(tile, lines, target, rows)
      }
      row = row + rows
    }
    panel = panel + (tile.isWhole ? 2 : 1)
  }
}

#if KERNELS_V4
  private let tilePanels = 2
  private let mostRows = 6
#else
  // Half or a quarter of the registers: one panel, four rows.
  private let tilePanels = 1
  private let mostRows = 4
#endif

private typealias TileFunction = (Tile, UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void

/// The functions of a layout for 4 or 6 rows and for 1 or 2; apart, as the inliner gives up on more in one function.
private struct Tiles {
  let tall: TileFunction
  let short: TileFunction

  init(_ layout: PackedLayout) {
    switch (layout.codes, layout.hasMinimum, layout.parts) {
    case (.nibbles, false, 1):
      tall = { $0.tall($1, $2, $3, .nibbles, hasMinimum: false, parts: 1) }
      short = { $0.short($1, $2, $3, .nibbles, hasMinimum: false, parts: 1) }
    case (.nibbles, true, 1):
      tall = { $0.tall($1, $2, $3, .nibbles, hasMinimum: true, parts: 1) }
      short = { $0.short($1, $2, $3, .nibbles, hasMinimum: true, parts: 1) }
    case (.nibbles, false, _):
      tall = { $0.tall($1, $2, $3, .nibbles, hasMinimum: false, parts: 2) }
      short = { $0.short($1, $2, $3, .nibbles, hasMinimum: false, parts: 2) }
    case (.nibbles, true, _):
      tall = { $0.tall($1, $2, $3, .nibbles, hasMinimum: true, parts: 2) }
      short = { $0.short($1, $2, $3, .nibbles, hasMinimum: true, parts: 2) }
    case (.nonLinear, _, _):
      tall = { $0.tall($1, $2, $3, .nonLinear, hasMinimum: false, parts: 1) }
      short = { $0.short($1, $2, $3, .nonLinear, hasMinimum: false, parts: 1) }
    case (.bytes, false, 1):
      tall = { $0.tall($1, $2, $3, .bytes, hasMinimum: false, parts: 1) }
      short = { $0.short($1, $2, $3, .bytes, hasMinimum: false, parts: 1) }
    case (.bytes, true, _):
      tall = { $0.tall($1, $2, $3, .bytes, hasMinimum: true, parts: 1) }
      short = { $0.short($1, $2, $3, .bytes, hasMinimum: true, parts: 1) }
    case (.bytes, false, _):
      tall = { $0.tall($1, $2, $3, .bytes, hasMinimum: false, parts: 2) }
      short = { $0.short($1, $2, $3, .bytes, hasMinimum: false, parts: 2) }
    }
  }
}

/// Integer sums of up to six rows with one panel.
private struct RowInts {
  var r0 = Ints()
  var r1 = Ints()
  var r2 = Ints()
  var r3 = Ints()
  var r4 = Ints()
  var r5 = Ints()
}

/// Float sums of up to six rows with one panel.
private struct RowFloats {
  var r0 = Floats()
  var r1 = Floats()
  var r2 = Floats()
  var r3 = Floats()
  var r4 = Floats()
  var r5 = Floats()
}

/// One or two panels of weights, to be multiplied by a few rows.
private struct Tile {
  /// Where the records of the panel and its neighbour start.
  var pair: UnsafeRawPointer
  /// 0 or 1: which of the two is the first of this tile.
  var side: Int
  /// Whether the tile has both.
  var isWhole: Bool
  /// Whether this is the first tile of the panels, which finds the weights in memory; the others find them in a cache.
  var isFirst: Bool
  let blocks: Int
  let hasHeaders: Bool
  let headerBytes: Int
  let recordBytes: Int
  let scaleBytes: Int
  let factor: Float
  let outStride: Int

  @inline(always) func tall(
    _ lines: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ codes: PackedLayout.Codes,
    hasMinimum: Bool, parts: Int
  ) {
    if mostRows >= 6 && parts == 1 && rows == 6 {
      multiply(lines, out, codes, hasMinimum: hasMinimum, parts: parts, rows: 6)
    } else {
      multiply(lines, out, codes, hasMinimum: hasMinimum, parts: parts, rows: 4)
    }
  }

  @inline(always) func short(
    _ lines: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ codes: PackedLayout.Codes,
    hasMinimum: Bool, parts: Int
  ) {
    if rows == 2 {
      multiply(lines, out, codes, hasMinimum: hasMinimum, parts: parts, rows: 2)
    } else {
      multiply(lines, out, codes, hasMinimum: hasMinimum, parts: parts, rows: 1)
    }
  }

  /// `codes`, `hasMinimum`, `parts` and `rows` are literals at every call: the branches on them vanish.
  @inline(always) func multiply(
    _ lines: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>, _ codes: PackedLayout.Codes, hasMinimum: Bool,
    parts: Int, rows: Int
  ) {
    let lineStride = blocks * QuantisedRows.lineBytes
    let codeBytes = codes == .bytes ? 512 : 256
    let minimumBytes = parts * scaleBytes
    var f = RowFloats()
    var g = RowFloats()
    let nextRecords = isWhole ? recordBytes : 0
    let nextHeaders = isWhole ? headerBytes : 0
    let nextOut = isWhole ? 16 : 0
    // How far ahead weights are asked for: less where little is computed between two lines.
    let distance = rows <= 2 ? 4096 : 8192
    var place = pair
    var header = pair
    var block = 0
    while block < blocks {
      if hasHeaders && block & 7 == 0 {
        header = place + side * headerBytes
        place = place + 2 * headerBytes
      }
      let record = place + side * recordBytes
      if isFirst {
        var ahead = distance
        while ahead < distance + 2 * recordBytes {
          kv_prefetch_far(place + ahead)
          ahead = ahead + 64
        }
      }
      let line = lines + block * QuantisedRows.lineBytes
      var part = 0
      while part < parts {
        // Words of a line: scale 8, scaled sums 9 to 11, sums times -128 from 12 on.
        let scaledSum = 4 * (parts == 1 ? 9 : 10 + part)
        let start = 4 * (parts == 1 ? 12 : 13 + part)
        @inline(always) func begin(_ r: Int) -> Ints {
          hasMinimum
            ? Ints() : Ints(repeating: kv_load_i32(line + (r * lineStride + start)))
        }
        var i = RowInts()
        i.r0 = begin(0)
        if rows > 1 { i.r1 = begin(1) }
        if rows > 2 {
          i.r2 = begin(2)
          i.r3 = begin(3)
        }
        if rows > 4 {
          i.r4 = begin(4)
          i.r5 = begin(5)
        }
        var j = i
        @inline(always) func step(_ w: SIMD64<UInt8>, _ v: SIMD64<UInt8>, _ step: Int) {
          @inline(always) func word(_ r: Int) -> Int32 {
            kv_load_i32(line + (r * lineStride + step * 4))
          }
          @inline(always) func row(_ a: inout Ints, _ b: inout Ints, _ r: Int) {
            let x = word(r)
            a = kv_dot4(a, w, x)
            if tilePanels == 2 { b = kv_dot4(b, v, x) }
          }
          row(&i.r0, &j.r0, 0)
          if rows > 1 { row(&i.r1, &j.r1, 1) }
          if rows > 2 {
            row(&i.r2, &j.r2, 2)
            row(&i.r3, &j.r3, 3)
          }
          if rows > 4 {
            row(&i.r4, &j.r4, 4)
            row(&i.r5, &j.r5, 5)
          }
        }
        if codes == .bytes {
          var s = part * 8 / parts
          while s < (part + 1) * 8 / parts {
            let w = kv_load_u8x64(record + s * 64)
            step(w, tilePanels == 2 ? kv_load_u8x64(record + (nextRecords + s * 64)) : w, s)
            s = s + 1
          }
        } else {
          var vector = part * 4 / parts
          while vector < (part + 1) * 4 / parts {
            let w = kv_load_u32x16(record + vector * 64)
            let v =
              tilePanels == 2 ? kv_load_u32x16(record + (nextRecords + vector * 64)) : w
            step(low(w, codes, hasMinimum), low(v, codes, hasMinimum), vector &* 2)
            step(high(w, codes, hasMinimum), high(v, codes, hasMinimum), vector &* 2 &+ 1)
            vector = vector + 1
          }
        }
        @inline(always) func scales(_ header: UnsafeRawPointer, _ place: UnsafeRawPointer) -> Floats {
          hasHeaders
            ? kv_float_from_int8(place.assumingMemoryBound(to: Int8.self))
              * kv_load_half16(header.assumingMemoryBound(to: UInt16.self))
            : kv_load_half16(place.assumingMemoryBound(to: UInt16.self))
        }
        let numbers = record + (codeBytes + part * scaleBytes)
        let d = scales(header, numbers)
        let m = hasMinimum ? scales(header + 32, numbers + minimumBytes) : Floats()
        let d1 = tilePanels == 2 ? scales(header + nextHeaders, numbers + nextRecords) : d
        let m1 =
          hasMinimum && tilePanels == 2
          ? scales(header + (nextHeaders + 32), numbers + (nextRecords + minimumBytes)) : m
        @inline(always) func end(_ f: inout Floats, _ g: inout Floats, _ i: Ints, _ j: Ints, _ r: Int) {
          let terms = line + r * lineStride
          let scale = kv_load_f32(terms + 32)
          f = multiplyAdd(f, kv_float_from_int(i), d * scale)
          if tilePanels == 2 { g = multiplyAdd(g, kv_float_from_int(j), d1 * scale) }
          if hasMinimum {
            let sum = Floats(repeating: kv_load_f32(terms + scaledSum))
            f = multiplyAdd(f, m, sum)
            if tilePanels == 2 { g = multiplyAdd(g, m1, sum) }
          }
        }
        end(&f.r0, &g.r0, i.r0, j.r0, 0)
        if rows > 1 { end(&f.r1, &g.r1, i.r1, j.r1, 1) }
        if rows > 2 {
          end(&f.r2, &g.r2, i.r2, j.r2, 2)
          end(&f.r3, &g.r3, i.r3, j.r3, 3)
        }
        if rows > 4 {
          end(&f.r4, &g.r4, i.r4, j.r4, 4)
          end(&f.r5, &g.r5, i.r5, j.r5, 5)
        }
        part = part + 1
      }
      place = place + 2 * recordBytes
      block = block + 1
    }
    @inline(always) func store(_ f: Floats, _ g: Floats, _ r: Int) {
      storeFloats(hasMinimum ? f : f * factor, out + r * outStride)
      if tilePanels == 2 { storeFloats(hasMinimum ? g : g * factor, out + (r * outStride + nextOut)) }
    }
    store(f.r0, g.r0, 0)
    if rows > 1 { store(f.r1, g.r1, 1) }
    if rows > 2 {
      store(f.r2, g.r2, 2)
      store(f.r3, g.r3, 3)
    }
    if rows > 4 {
      store(f.r4, g.r4, 4)
      store(f.r5, g.r5, 5)
    }
  }
}

/// The codes in the low halves of the bytes; without minima 16 times them, so that every format's zero is 128.
@inline(always) private func low(_ w: SIMD16<UInt32>, _ codes: PackedLayout.Codes, _ hasMinimum: Bool) -> SIMD64<
  UInt8
> {
  codes == .nibbles && !hasMinimum ? masked(w &<< 4, 0xf0f0_f0f0) : looked(masked(w, 0x0f0f_0f0f), codes)
}

/// The codes in the high halves.
@inline(always) private func high(_ w: SIMD16<UInt32>, _ codes: PackedLayout.Codes, _ hasMinimum: Bool) -> SIMD64<
  UInt8
> {
  codes == .nibbles && !hasMinimum ? masked(w, 0xf0f0_f0f0) : looked(masked(w &>> 4, 0x0f0f_0f0f), codes)
}

@inline(always) private func masked(_ w: SIMD16<UInt32>, _ mask: UInt32) -> SIMD64<UInt8> {
  unsafeBitCast(w & SIMD16<UInt32>(repeating: mask), to: SIMD64<UInt8>.self)
}

@inline(always) private func looked(_ w: SIMD64<UInt8>, _ codes: PackedLayout.Codes) -> SIMD64<UInt8> {
  codes == .nonLinear ? kv_non_linear64(w) : w
}
