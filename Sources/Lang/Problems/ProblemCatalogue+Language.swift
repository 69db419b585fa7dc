extension ProblemCatalogue {
  /// The codes of the language, K001 to K099.
  public static let language = ProblemCatalogue([
    Entry(
      "K001", "a character without meaning",
      "The text holds a character that begins no word, number, string or sign. Text belongs in quotes; a comment begins with #."
    ),
    Entry(
      "K002", "an unreadable number",
      "Numbers are digits, with _ between them if you like, a fraction, an exponent, and a unit: k Ki Mi Gi for counts, B kB MB GB KiB MiB GiB TiB for sizes, % for shares. Whole numbers have 64 bits."
    ),
    Entry("K003", "a string without an end", "A string ends with the quote it began with. It may span lines."),
    Entry(
      "K004", "an unknown escape",
      "In double quotes a backslash begins an escape. In single quotes every character stands for itself."),
    Entry(
      "K005", "a damaged interpolation",
      "In double quotes {expression} is replaced by its value. Write \\{ and \\} for the braces themselves, or use single quotes."
    ),
    Entry(
      "K006", "something out of place",
      "The text was understood up to this place; the message says what could have come here. A line break ends a statement unless a bracket is open or the next line begins with |."
    ),
    Entry("K007", "an open bracket", "Every ( [ { needs its partner. The second place shows the bracket that is open."),
    Entry(
      "K008", "nested too deeply",
      "Brackets, blocks and operators nest at most a fixed number of levels, and so do lists in lists. Name parts with let."
    ),
    Entry("K009", "a chained comparison", "a < b < c would compare true or false with c. Write a < b and b < c."),
    Entry(
      "K010", "a jump with nothing to leave",
      "return leaves a def; break and continue leave or repeat a loop. None of them may stand inside an expression."),
    Entry(
      "K011", "an unknown command",
      "A stage that begins with a word and arguments is a command. help lists all commands."),
    Entry(
      "K012", "an unknown name",
      "The name is neither a variable, a function, nor a method that can stand in an expression. Text belongs in quotes."
    ),
    Entry(
      "K013", "an unknown catalogue name",
      "Methods, data sets and plots are named by bare words. help KIND lists those of a kind."),
    Entry(
      "K014", "an unknown parameter",
      "The command, together with the method, data set or plot that was named, has no parameter of that name; nothing is ever ignored."
    ),
    Entry(
      "K015", "an unknown column",
      "In where, derive, sort, select and summarize the columns of the incoming table are names in scope."),
    Entry(
      "K016", "an unknown field",
      "value.name reads a field of a record, a column of a table, or a field of a host value."),
    Entry(
      "K017", "an assignment without a variable",
      "name = value changes a variable that exists. let name = value makes one."),
    Entry(
      "K018", "an assignment from inside a function",
      "Functions read the names around them and change only their own variables, so that a call always means the same."),
    Entry("K019", "something given twice", "A parameter, or a name in a record, has one value."),
    Entry("K020", "a missing argument", "A required argument was left out."),
    Entry(
      "K021", "an argument too many", "The command takes fewer arguments without a name. Others are written NAME=value."
    ),
    Entry(
      "K022", "an argument of the wrong type",
      "The parameter takes values of another type. Shares are written 30%, sizes 64MiB."),
    Entry(
      "K023", "a number out of range", "The declaration of the parameter limits it; help COMMAND shows the limits."),
    Entry("K024", "a value that is not among the allowed ones", "The parameter takes only the listed values."),
    Entry(
      "K027", "a name that builds no value",
      "Only some catalogues, such as methods, can be called in an expression: kivi(bits=2)."),
    Entry(
      "K030", "the wrong thing in the pipe",
      "What the stage before yields is not what this stage works on. Both places are shown."),
    Entry(
      "K031", "nothing in the pipe", "This command works on what the stage before it yields, so it cannot stand first."),
    Entry(
      "K032", "a pipe into a command that takes nothing",
      "This command begins a pipeline; what comes before it would be lost."),
    Entry(
      "K033", "a stage that is no function",
      "A stage after | is a command, a call whose first argument is the piped value, or an expression that yields a function."
    ),
    Entry(
      "K034", "count() outside summarize",
      "count() is the number of rows of a group and has a meaning only in summarize."),
    Entry(
      "K040", "an operator on the wrong types",
      "Operators join numbers with numbers, strings with strings, lists with lists; sizes and shares scale with numbers."
    ),
    Entry("K041", "a whole number too large", "Whole numbers have 64 bits and never wrap around."),
    Entry("K042", "a division by zero", "Dividing by zero has no value; also // and %."),
    Entry(
      "K043", "a condition that is neither true nor false",
      "if, while, and, or, not, where and assert take true or false only."),
    Entry("K044", "an element that does not exist", "Elements count from 0; negative indices count from the end."),
    Entry(
      "K045", "an index that does not fit",
      "Lists and strings are indexed by whole numbers, records by strings, tables by a row number or a column name."),
    Entry(
      "K046", "a loop over something without elements",
      "for goes through lists, ranges, the names of a record, the rows of a table and the characters of a string."),
    Entry("K047", "calls too deep", "Functions called each other beyond the limit or beyond the memory for calls."),
    Entry("K048", "a loop too long", "The loop passed the limit for a single loop."),
    Entry("K049", "a list too long", "The list would pass the limit for a single list."),
    Entry("K050", "a failed assertion", "assert stops the script because its condition is false."),
    Entry("K051", "the wrong number of arguments", "The function was called with other arguments than it declares."),
    Entry(
      "K052", "a function argument of the wrong type",
      "The builtin function takes another type; help NAME shows its signature."),
    Entry(
      "K053", "a function without a value there",
      "The builtin function has no value for this argument, such as the mean of nothing."),
    Entry("K054", "a variable without a value", "The statement that makes the variable has not run."),
    Entry("K055", "a call of something that is no function", "Only functions can be called."),
    Entry(
      "K056", "a failure that the script declares",
      "fail(\"...\") ended the script, or the block of a try, with this message."),
    Entry("K057", "a text too long", "The text would pass the limit for a single text. try does not catch it."),
    Entry(
      "K058", "too much memory",
      "What the script holds made the process grow beyond the limit, half of the machine's memory. try does not catch it."
    ),
    Entry("K060", "a file that cannot be read", "The file does not exist, is no text, or may not be read."),
    Entry("K061", "an import in a circle", "Files may not import each other in a circle."),
    Entry(
      "K062", "text that is no table",
      "The CSV, JSON, JSON Lines or Markdown text is damaged; the message names the line."),
    Entry(
      "K070", "a policy that cannot be one",
      "policy NAME(a=1) { score = ... } gives every token a score; its defaults are literals, and `state s = ...` is what it remembers from step to step."
    ),
    Entry("K063", "help on nothing", "help explains commands, methods, data sets, plots, functions and problem codes."),
  ])
}
