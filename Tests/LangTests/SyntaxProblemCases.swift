/// Texts with a mistake and what is said about them, word for word.
let syntaxProblemCases: [ProblemCase] = [
  ProblemCase(
    #"""
    let a = 1 ? 2
    """#,
    #"""
    t.kvs:1:11: error K001: `?` means nothing here
      1 | let a = 1 ? 2
        |           ^
      hint: write `if c { a } else { b }`
    """#),
  ProblemCase(
    #"""
    let a = 12Kib
    """#,
    #"""
    t.kvs:1:9: error K002: `12Kib` is no number
      1 | let a = 12Kib
        |         ^^^^^
      expected: digits that fit 64 bits and a unit such as Ki, MiB or %
      hint: did you mean `KiB`?
    """#),
  ProblemCase(
    #"""
    let s = "abc
    """#,
    #"""
    t.kvs:1:9: error K003: this string does not end
      1 | let s = "abc
        |         ^
      expected: `"` behind its text
    """#),
  ProblemCase(
    #"""
    let s = "a\q"
    """#,
    #"""
    t.kvs:1:11: error K004: `\q` stands for no character
      1 | let s = "a\q"
        |           ^^
      expected: \n, \t, \r, \\, \", \{, \} or \u{1F600}
      hint: single quotes take every character as it is
    """#),
  ProblemCase(
    #"""
    let s = "a {1"
    """#,
    #"""
    t.kvs:1:12: error K005: this `{` in a string has no `}`
      1 | let s = "a {1"
        |            ^
      hint: write `\{` for the character itself
    """#),
  ProblemCase(
    #"""
    let s = "{}"
    """#,
    #"""
    t.kvs:1:10: error K005: `{}` in a string holds no expression
      1 | let s = "{}"
        |          ^^
      hint: write `\{\}` for the characters themselves
    """#),
  ProblemCase(
    #"""
    let = 3
    """#,
    #"""
    t.kvs:1:5: error K006: `=` cannot stand here
      1 | let = 3
        |     ^
      expected: a name after `let`
    """#),
  ProblemCase(
    #"""
    run sharegpt n= | plot lengthdiff
    """#,
    #"""
    t.kvs:1:17: error K006: `|` cannot stand here
      1 | run sharegpt n= | plot lengthdiff
        |                 ^
      expected: a value after `n=`
    """#),
  ProblemCase(
    #"""
    1 + * 2
    """#,
    #"""
    t.kvs:1:5: error K006: `*` cannot stand here
      1 | 1 + * 2
        |     ^
      expected: a value
    """#),
  ProblemCase(
    #"""
    let a = [1, 2
    """#,
    #"""
    t.kvs:1:14: error K007: `[` is still open at the end
      1 | let a = [1, 2
        |         - opened here
        |              ^ `]` expected
      expected: `]`
    """#),
  ProblemCase(
    #"""
    a = 1 < 2 < 3
    """#,
    #"""
    t.kvs:1:11: error K009: a comparison is compared again with `<`
      1 | a = 1 < 2 < 3
        |           ^
      hint: join two comparisons with `and`
    """#),
  ProblemCase(
    #"""
    break
    """#,
    #"""
    t.kvs:1:1: error K010: `break` has nothing to leave here
      1 | break
        | ^^^^^
      expected: inside a loop, as a statement of its own
    """#),
  ProblemCase(
    #"""
    return 1
    """#,
    #"""
    t.kvs:1:1: error K010: `return` has nothing to leave here
      1 | return 1
        | ^^^^^^
      expected: inside a `def`, as a statement of its own
    """#),
  ProblemCase(
    #"""
    let x = if true { return 1 } else { 2 }
    """#,
    #"""
    t.kvs:1:19: error K010: `return` has nothing to leave here
      1 | let x = if true { return 1 } else { 2 }
        |                   ^^^^^^
      expected: inside a `def`, as a statement of its own
    """#),
  ProblemCase(
    #"""
    ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))
    """#,
    #"""
    t.kvs:1:81: error K008: this is nested too deeply
      1 | ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))
        |                                                                                 ^
      expected: at most 80 levels
      hint: name a part with `let`
    """#),
  ProblemCase(
    #"""
    let a = (1 + 2
    let b = 3
    """#,
    #"""
    t.kvs:2:1: error K007: `(` is still open at `let`
      2 | let b = 3
        | ^^^ `)` expected
      1 | let a = (1 + 2
        |         - opened here
      expected: `)`
    """#),
  ProblemCase(
    #"""
    if true { import "lib.kvs" }
    """#,
    #"""
    t.kvs:1:11: error K006: `import` cannot stand here
      1 | if true { import "lib.kvs" }
        |           ^^^^^^
      expected: the outermost level of a text
    """#),
  ProblemCase(
    #"""
    let a = true || false
    """#,
    #"""
    t.kvs:1:14: error K006: `||` cannot stand here
      1 | let a = true || false
        |              ^^
      expected: a command or an expression after `|`
      hint: conditions are joined by `or`
    """#),
  ProblemCase(
    #"""
    if true { 1 } elif false { 2 }
    """#,
    #"""
    t.kvs:1:15: error K006: `elif` cannot stand here
      1 | if true { 1 } elif false { 2 }
        |               ^^^^
      expected: the end of the line
      hint: write `else if`
    """#),
  ProblemCase(
    #"""
    let a = $b
    """#,
    #"""
    t.kvs:1:9: error K001: `$` means nothing here
      1 | let a = $b
        |         ^
      hint: a name is written without `$`
    """#),
]
