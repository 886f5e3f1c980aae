namespace Registry.Server.Web.Html;

/// <summary>
/// Follows the literal markup of templates, so that each hole is escaped by its place. It reads the markup of the program, not that of others, and refuses what it does
/// not know.
/// </summary>
internal sealed class HtmlContext
{
    private const int MaxName = 24;

    // Attributes whose value a browser follows or loads.
    private static readonly string[] Urls = ["href", "src", "action", "formaction"];

    // Attributes whose value a browser runs or parses. Those that begin with "on" are the others.
    private static readonly string[] Code = ["style", "srcdoc", "srcset"];

    private readonly char[] _name = new char[MaxName];
    private int _nameLength;
    private State _state = State.Text;
    private bool _isRawElement;
    private bool _isValueBegun;

    private enum State
    {
        Text,
        Open,
        ElementName,
        EndTag,
        InTag,
        AttributeName,
        BeforeValue,
        DoubleQuoted,
        SingleQuoted,
        Unquoted,
        Declaration,
        RawText,
        RawOpen,
    }

    /// <summary>The position of a hole at this point.</summary>
    public HtmlPosition Position => _state switch
    {
        State.Text => HtmlPosition.Text,
        State.DoubleQuoted or State.SingleQuoted when IsCode => HtmlPosition.Forbidden,
        State.DoubleQuoted or State.SingleQuoted when !IsUrl => HtmlPosition.Attribute,
        State.DoubleQuoted or State.SingleQuoted => _isValueBegun ? HtmlPosition.UrlPart : HtmlPosition.Url,
        _ => HtmlPosition.Forbidden,
    };

    private ReadOnlySpan<char> Name => _name.AsSpan(0, _nameLength);

    private bool IsUrl => IsOneOf(Urls);

    private bool IsCode => Name.StartsWith("on", StringComparison.OrdinalIgnoreCase) || IsOneOf(Code);

    /// <summary>Follows literal markup.</summary>
    public void Read(ReadOnlySpan<char> markup)
    {
        foreach (var c in markup)
        {
            _state = Next(c);
        }
    }

    /// <summary>Follows a hole.</summary>
    public void Pass() => _isValueBegun = true;

    private State Next(char c) => _state switch
    {
        State.Text => c == '<' ? State.Open : State.Text,
        State.Open when c == '/' => State.EndTag,
        State.Open when c == '!' => State.Declaration,
        State.Open => Begin(c, State.ElementName),
        State.EndTag or State.Declaration => c == '>' ? State.Text : _state,
        State.ElementName when c == '>' => EndElementName(State.InTag, c),
        State.ElementName => char.IsWhiteSpace(c) || c == '/' ? EndElementName(State.InTag, c) : Append(c),
        State.InTag when c == '>' => _isRawElement ? State.RawText : State.Text,
        State.InTag => char.IsWhiteSpace(c) || c == '/' ? State.InTag : Begin(c, State.AttributeName),
        State.AttributeName when c == '>' => _isRawElement ? State.RawText : State.Text,
        State.AttributeName => c == '=' ? State.BeforeValue : char.IsWhiteSpace(c) ? State.InTag : Append(c),
        State.BeforeValue => BeginValue(c),
        State.DoubleQuoted => c == '"' ? State.InTag : Within(),
        State.SingleQuoted => c == '\'' ? State.InTag : Within(),
        State.Unquoted when c == '>' => _isRawElement ? State.RawText : State.Text,
        State.Unquoted => char.IsWhiteSpace(c) ? State.InTag : State.Unquoted,
        State.RawText => c == '<' ? State.RawOpen : State.RawText,
        State.RawOpen => c == '/' ? State.EndTag : State.RawText,
        _ => throw new InvalidOperationException($"There is no state {_state}."),
    };

    private State Begin(char c, State state)
    {
        _nameLength = 0;
        Append(c);
        return state;
    }

    private State Append(char c)
    {
        if (_nameLength == MaxName)
        {
            throw new InvalidOperationException($"'{Name}…' is longer than the name of any element or attribute.");
        }

        _name[_nameLength++] = c;
        return _state;
    }

    private State EndElementName(State next, char c)
    {
        _isRawElement = Name.Equals("script", StringComparison.OrdinalIgnoreCase) || Name.Equals("style", StringComparison.OrdinalIgnoreCase);
        return c == '>' ? _isRawElement ? State.RawText : State.Text : next;
    }

    private State BeginValue(char c)
    {
        _isValueBegun = false;
        return c switch
        {
            '"' => State.DoubleQuoted,
            '\'' => State.SingleQuoted,
            '>' => State.Text,
            _ => State.Unquoted,
        };
    }

    private State Within()
    {
        _isValueBegun = true;
        return _state;
    }

    private bool IsOneOf(string[] names)
    {
        foreach (var name in names)
        {
            if (Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
