using System.Text.Json;

namespace Registry.Core.Configuration;

/// <summary>
/// A JSON file of the operator as it is read, value by value. Comments and trailing commas are allowed. Every fault is a <see cref="FormatException"/> whose message names the
/// line and what is allowed.
/// </summary>
public ref struct ConfigurationJson
{
    private readonly ReadOnlySpan<byte> _json;
    private Utf8JsonReader _reader;

    private ConfigurationJson(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
    }

    /// <summary>Reads the value of a file, or a part of it.</summary>
    public delegate T Reading<out T>(ref ConfigurationJson file);

    /// <summary>Line of the value that was read last, from 1.</summary>
    public readonly int Line => _json[..(int)Math.Min(_reader.TokenStartIndex, _json.Length)].Count((byte)'\n') + 1;

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="FormatException">The file is invalid; the message names the line.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, Reading<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var file = new ConfigurationJson(json.StartsWith("\uFEFF"u8) ? json[3..] : json);
        try
        {
            file._reader.Read();
            var value = read(ref file);
            while (file._reader.Read())
            {
                // Nothing may follow: the reader throws.
            }

            return value;
        }
        catch (JsonException e)
        {
            throw Fault((int)(e.LineNumber ?? 0) + 1, $"not valid JSON: {Sentence(e)}", e);
        }
        catch (InvalidOperationException e)
        {
            throw Fault(file.Line, "text that is not valid Unicode", e);
        }
    }

    /// <summary>Creates the exception for a fault of a line.</summary>
    public static FormatException Fault(int line, string message, Exception? inner = null) => new($"line {line}: {message}", inner);

    /// <summary>Creates the exception for a fault of the value that was read last.</summary>
    public readonly FormatException Fault(string message, Exception? inner = null) => Fault(Line, message, inner);

    /// <summary>Begins an object, which is the next value: of a property, of an array, or of the file.</summary>
    /// <param name="path">Its name in messages, such as <c>rules[0]</c>.</param>
    public void BeginObject(string path) => Expect(JsonTokenType.StartObject, path, "an object");

    /// <summary>Reads the name of the next property of an object; null at its end.</summary>
    /// <param name="seen">Names of the properties before; it gets the name.</param>
    public string? NextProperty(HashSet<string> seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        _reader.Read();
        if (_reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        var name = _reader.GetString()!;
        return seen.Add(name) ? name : throw Fault($"\"{name}\" is listed twice");
    }

    /// <summary>Reads the value of a property, an array whose items are all read alike.</summary>
    /// <param name="path">Its name in messages, such as <c>rules</c>.</param>
    /// <param name="what">Its type in messages.</param>
    /// <param name="readItem">Reads an item, on which the file stands, by its name in messages.</param>
    public List<T> ReadArray<T>(string path, string what, ItemReading<T> readItem)
    {
        ArgumentNullException.ThrowIfNull(readItem);
        Expect(JsonTokenType.StartArray, path, what);
        var items = new List<T>();
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(readItem(ref this, $"{path}[{items.Count}]"));
        }

        return items;
    }

    /// <summary>Reads an item of an array.</summary>
    public delegate T ItemReading<out T>(ref ConfigurationJson file, string path);

    /// <summary>Reads the value of a property, an array of strings.</summary>
    /// <param name="path">Its name in messages.</param>
    /// <param name="findFault">Finds what is wrong with a string, as a sentence; null if nothing is.</param>
    public List<string> ReadStrings(string path, Func<string, string?>? findFault = null) => ReadArray(path, "an array of strings", (ref ConfigurationJson file, string item) =>
    {
        var text = file.ReadString(item);
        return findFault?.Invoke(text) is { } fault ? throw file.Fault(fault) : text;
    });

    /// <summary>Reads a string: the value of a property, or an item.</summary>
    /// <param name="path">Its name in messages.</param>
    public string ReadString(string path)
    {
        Expect(JsonTokenType.String, path, "a string");
        return _reader.GetString()!;
    }

    /// <summary>True if the next value is null, which is then read: a property that has it is as if it were not there.</summary>
    public bool SkipNull()
    {
        Advance();
        return _reader.TokenType == JsonTokenType.Null;
    }

    /// <summary>Reads a truth value.</summary>
    /// <param name="path">Its name in messages.</param>
    public bool ReadBoolean(string path)
    {
        Advance();
        return _reader.TokenType is JsonTokenType.True or JsonTokenType.False ? _reader.GetBoolean() : throw Fault($"{path} must be true or false");
    }

    /// <summary>Reads a whole number.</summary>
    /// <param name="path">Its name in messages.</param>
    /// <param name="least">Smallest allowed number.</param>
    /// <param name="most">Largest allowed number.</param>
    public int ReadNumber(string path, int least, int most)
    {
        Advance();
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt32(out var number) && number >= least && number <= most
            ? number
            : throw Fault($"{path} must be a whole number from {least} to {most}");
    }

    // From the name of a property to its value.
    private void Advance()
    {
        if (_reader.TokenType == JsonTokenType.PropertyName)
        {
            _reader.Read();
        }
    }

    private void Expect(JsonTokenType type, string path, string what)
    {
        Advance();
        if (_reader.TokenType != type)
        {
            throw Fault($"{path} must be {what}");
        }
    }

    // The library's message ends with its own count of the line, from 0.
    private static string Sentence(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
