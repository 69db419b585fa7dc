import Foundation
import Lang

/// File names where a path may stand: in a path parameter or after `import`.
struct PathCompletion {
  let commands: CommandRegistry
  let catalogue: any Catalogue
  /// Names listed at most: a folder of a million files must not stop the prompt.
  var limit = 2_000

  /// Completions of the word before a UTF-8 offset of the text; empty if no path may stand there.
  func completions(_ text: String, at cursor: Int) -> [Completion] {
    let bytes = Array(text.utf8.prefix(cursor))
    let place = Place(bytes)
    guard mayBePath(place) else { return [] }
    let slash = place.word.lastIndex(of: "/")
    let folder = slash.map { String(place.word[...$0]) } ?? ""
    let beginning = slash.map { String(place.word[place.word.index(after: $0)...]) } ?? place.word
    return names(in: folder, beginning: beginning).map { name, isFolder in
      let path = folder + name
      let needsQuotes = !path.utf8.allSatisfy(Self.isBare)
      let quote = place.quote ?? (needsQuotes ? "\"" : nil)
      var completed = quote == "\"" ? Self.escaped(path) : path
      if isFolder { completed += "/" }
      // The word begins after a quote that is typed already.
      if place.quote == nil, let quote { completed = quote + completed }
      if !isFolder, let quote { completed += quote }
      return Completion(completed, doc: isFolder ? "folder" : "", kind: .value, range: place.start..<cursor)
    }
  }

  /// The word before the cursor and what stands before it in its stage.
  private struct Place {
    /// The part of the path that is typed, without quotes.
    var word = ""
    /// Where the word begins, after an opening quote.
    var start = 0
    /// The quote that is open at the cursor.
    var quote: String?
    /// The parameter in `parameter=word`.
    var parameter: String?
    /// The words of the stage before this one.
    var words: [String] = []

    init(_ bytes: [UInt8]) {
      var stage: [(text: [UInt8], start: Int)] = [([], 0)]
      var open: UInt8?
      var opened = 0
      for (index, byte) in bytes.enumerated() {
        if let quoteByte = open {
          if byte == quoteByte { open = nil }
          stage[stage.count - 1].text.append(byte)
          continue
        }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
          (open, opened) = (byte, index)
          stage[stage.count - 1].text.append(byte)
        case UInt8(ascii: "|"), UInt8(ascii: ";"), UInt8(ascii: "\n"), UInt8(ascii: "{"), UInt8(ascii: "("):
          stage = [([], index + 1)]
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","): stage.append(([], index + 1))
        default: stage[stage.count - 1].text.append(byte)
        }
      }
      words = stage.dropLast().map { String(decoding: $0.text, as: UTF8.self) }.filter { !$0.isEmpty }
      let last = stage[stage.count - 1]
      start = last.start
      if let equals = last.text.firstIndex(of: UInt8(ascii: "=")), open == nil || last.start + equals < opened {
        parameter = String(decoding: last.text[..<equals], as: UTF8.self)
        start = last.start + equals + 1
      }
      if let open {
        quote = String(decoding: [open], as: UTF8.self)
        start = opened + 1
      }
      word = String(decoding: bytes[min(start, bytes.count)...], as: UTF8.self)
      if quote == "\"" { word = word.replacingOccurrences(of: "\\", with: "") }
    }
  }

  private func mayBePath(_ place: Place) -> Bool {
    let stage = place.words.last { $0 == "import" || commands.signature($0) != nil }
    // What `help` explains has bare words like a path's, but is none.
    guard let stage, stage != "help" else { return false }
    guard let signature = commands.signature(stage) else { return true }
    let entries = signature.parameters.flatMap { parameter -> [NameEntry] in
      guard case .name(let kind) = parameter.type else { return [] }
      return place.words.dropFirst().compactMap { catalogue.entry($0, of: kind) }
    }
    let parameters = signature.parameters + entries.flatMap(\.parameters)
    if let name = place.parameter {
      let parameter = parameters.first { $0.name == name || $0.aliases.contains(name) }
      return parameter?.type == .path
    }
    return parameters.contains { $0.type == .path && $0.positional }
  }

  /// Names in a folder that begin so, in order; hidden ones only if the dot is typed.
  private func names(in folder: String, beginning: String) -> [(name: String, isFolder: Bool)] {
    let path = folder.isEmpty ? "." : folder
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var found: [(String, Bool)] = []
    while found.count < limit, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      guard name != ".", name != "..", name.hasPrefix(beginning), !name.hasPrefix(".") || beginning.hasPrefix(".")
      else {
        continue
      }
      var status = stat()
      found.append((name, stat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR))
    }
    return found.sorted { $0.0 < $1.0 }
  }

  /// Bytes of a path that needs no quotes.
  private static func isBare(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
      || "_-./:~+@*%".utf8.contains(byte)
  }

  private static func escaped(_ path: String) -> String {
    path.replacingScalars(["\"": "\\\"", "\\": "\\\\", "{": "\\{"])
  }
}
