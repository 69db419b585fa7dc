import Testing

@testable import Runtime

@Suite("reading a ShareGPT file") struct ShareGPTFileTests {
  static func read(_ json: String) throws -> ShareGPTFile {
    try ShareGPTFile(Array(json.utf8), name: "chat.json")
  }

  static let oneLine =
    #"[{"id": "a_0", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}]"#

  @Test("one line or pretty-printed, with a byte order mark and unknown keys, the conversation is the same")
  func layouts() throws {
    let pretty = """
      \u{feff}
      [
        {
          "lang": {"code": ["en", null, true, -1.5e+3, NaN]},
          "conversations" : [
            { "markdown": null, "value": "Hi", "from": "human" },
            { "value": "Hello", "from": "gpt", "text": "\\u00e9" },
            { "value": 7 }, "later turns are never read"
          ],
          "id": "a_0"
        }
      ]

      """
    for (json, turns) in [(Self.oneLine, 2), (pretty, 4)] {
      let file = try Self.read(json)
      let first = try #require(file.conversations.first)
      #expect(file.conversations.count == 1)
      #expect(file.id(first) == "a_0" && file.prompt(first) == "Hi" && file.reference(first) == "Hello")
      #expect(first.turns == turns && first.record == 1)
    }
  }

  @Test("elements without conversations or with fewer than two turns are counted and skipped")
  func skipped() throws {
    let file = try Self.read(
      #"[{"id":1},{"id":2,"conversations":[]},{"id":3,"conversations":[{"from":"gpt"}]},"#
        + #"{"id":4,"conversations":[{"value":"a"},{"value":"b"}]},{"conversations":[{"value":"c"},{"value":"d"}]}]"#)
    #expect(file.withoutConversations == 1 && file.withTooFewTurns == 2)
    #expect(file.conversations.map(file.id) == ["4", "record 5"])
    #expect(file.conversations.map(file.prompt) == ["a", "c"])
    #expect(file.loneTurns.isEmpty)
    let lone = try Self.read(#"[{"conversations":[{"value":"alone"}]}]"#)
    #expect(lone.loneTurns.map(lone.prompt) == ["alone"] && lone.loneTurns.map(lone.reference) == [nil])
  }

  @Test(
    "escapes are decoded when a text is asked for",
    arguments: [
      (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t"),
      (#"caf\u00e9 \u4f60\u597D"#, "café 你好"),
      (#"\ud83d\ude00!"#, "😀!"),
      (#"a\u0000b"#, "a\0b"),
      ("naïve 你好 😀 and more than eight bytes", "naïve 你好 😀 and more than eight bytes"),
    ])
  func escapes(json: String, text: String) throws {
    let file = try Self.read(#"[{"conversations":[{"value":"\#(json)"},{"value":""}]}]"#)
    let first = try #require(file.conversations.first)
    #expect(file.prompt(first) == text)
    #expect(file.reference(first) == "")
    #expect(file.loneSurrogates == 0)
  }

  @Test(
    "half a surrogate pair reads as U+FFFD and is counted",
    arguments: [
      (#"\ud83d!"#, "\u{fffd}!", 1), (#"\ude00"#, "\u{fffd}", 1), (#"\ud83d\ud83d\ude00"#, "\u{fffd}😀", 1),
      (#"\ud83d\u0041\ud83d"#, "\u{fffd}A\u{fffd}", 2), (#"\ud83d\n"#, "\u{fffd}\n", 1),
    ])
  func loneSurrogates(json: String, text: String, count: Int) throws {
    let file = try Self.read(#"[{"conversations":[{"value":"\#(json)"},{"value":""}]}]"#)
    let first = try #require(file.conversations.first)
    #expect(file.prompt(first) == text)
    #expect(file.loneSurrogates == count)
  }

  @Test(
    "a malformed file says the record, the byte and what is wrong",
    arguments: [
      ("", "K405: chat.json: the file is empty; expected \(arrayForm)"),
      ("\u{feff} \n", "K405: chat.json: the file is empty; expected \(arrayForm)"),
      ("[]", "K405: chat.json: the array is empty; expected at least one conversation"),
      (#" {"id": 1}"#, "K404: chat.json: byte 1: the file is an object; expected \(arrayForm)"),
      ("hello", "K404: chat.json: byte 0: the file is 'h'; expected \(arrayForm)"),
      ("[7]", "K404: chat.json: record 1 (byte 1): the record is a number; expected an object"),
      (
        oneLine + " x", "K403: chat.json: record 1 (byte 104): found 'x', expected nothing more after the array"
      ),
      (
        String(oneLine.dropLast(8)),
        "K403: chat.json: record 1 (byte 95): the text ends inside a string "
          + "(the file seems cut short; download it again)"
      ),
      (
        String(oneLine.dropLast()),
        "K403: chat.json: record 1 (byte 102): the text ends where ',' or ']' after a record should stand "
          + "(the file seems cut short; download it again)"
      ),
      (
        #"[{"conversations":{}}]"#,
        "K404: chat.json: record 1 (byte 18): `conversations` is an object; expected an array of turns"
      ),
      (
        #"[{"id":1},{"conversations":[{"from":"human"},{"value":"b"}]}]"#,
        "K404: chat.json: record 2 (byte 28): turn 0 has no `value`; expected \(turnForm)"
      ),
      (
        #"[{"conversations":[{"value":"a"},{"value":null}]}]"#,
        "K404: chat.json: record 1 (byte 42): `value` of turn 1 is null; expected a string"
      ),
      (
        #"[{"conversations":[{"value":"a"},"b"]}]"#,
        "K404: chat.json: record 1 (byte 33): turn 1 is a string; expected \(turnForm)"
      ),
      (#"[{"a":"\q"}]"#, #"K403: chat.json: record 1 (byte 7): an invalid escape: \ followed by 'q'"#),
      (
        #"[{"a":"\u12G4"}]"#,
        #"K403: chat.json: record 1 (byte 7): an invalid escape: \u needs four hexadecimal digits"#
      ),
      ("[{\"a\":\"b\nc\"}]", "K403: chat.json: record 1 (byte 8): a raw control character (byte 0x0a) inside a string"),
      (#"[{"a":1,}]"#, "K403: chat.json: record 1 (byte 8): found '}', expected a key in quotes"),
      (#"[{"a":1} {"b":2}]"#, "K403: chat.json: record 1 (byte 9): found '{', expected ',' or ']' after a record"),
      (#"[{"a":-}]"#, "K403: chat.json: record 1 (byte 7): found '}', expected a digit"),
    ])
  func malformed(json: String, message: String) {
    let problem = #expect(throws: RuntimeProblem.self) { try Self.read(json) }
    #expect(problem?.description == message)
  }

  private static let arrayForm = #"a JSON array of conversations: [{"id": ..., "conversations": [...]}, ...]"#
  private static let turnForm = #"an object {"from": ..., "value": "text"}"#

  @Test("offsets of more than three digits are grouped")
  func groupedOffset() {
    let filler = String(repeating: "x", count: 40_200)
    let problem = #expect(throws: RuntimeProblem.self) { try Self.read(#"[{"a":"\#(filler)"},7]"#) }
    #expect(problem?.seen == "chat.json: record 2 (byte 40,210): the record is a number")
  }

  @Test(
    "bytes that are not UTF-8 are refused",
    arguments: [
      [0xff], [0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
      [0xe4, 0xbd, 0x41],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    let json = Array(#"[{"a":"padding!"#.utf8) + bytes + Array(#""}]"#.utf8)
    let problem = #expect(throws: RuntimeProblem.self) { try ShareGPTFile(json, name: "chat.json") }
    let lead = "0x" + String(bytes.first ?? 0, radix: 16)
    #expect(problem?.seen == "chat.json: record 1 (byte 15): invalid UTF-8 (byte \(lead))")
  }

  @Test("UTF-16 is named as such")
  func utf16() {
    let problem = #expect(throws: RuntimeProblem.self) { try ShareGPTFile([0xff, 0xfe, 0x5b, 0], name: "chat.json") }
    #expect(problem?.seen == "chat.json: byte 0: the text is UTF-16, not UTF-8")
  }

  @Test("nesting beyond the limit is an error and not a crash", arguments: ["[", #"{"a":"#])
  func deepNesting(opener: String) {
    let deep = String(repeating: opener, count: 100_000)
    let problem = #expect(throws: RuntimeProblem.self) { try Self.read(#"[{"a":"# + deep) }
    #expect(problem?.seen.hasSuffix("more than 128 levels of nesting") == true)
  }

  @Test("a missing file and a folder are clear errors")
  func unreadable() {
    let missing = #expect(throws: RuntimeProblem.self) { try ShareGPTFile(path: "/nowhere/chat.json") }
    #expect(missing?.description == "K201: cannot open /nowhere/chat.json: No such file or directory (check the path)")
    let folder = #expect(throws: RuntimeProblem.self) { try ShareGPTFile(path: "/") }
    #expect(folder?.seen == "cannot open /: it is a folder")
  }
}
