using System.Text;
using System.Text.Json;
using Registry.Files;

namespace Registry.Server.Configuration;

/// <summary>
/// File that REGISTRY_CONFIG names: one JSON object whose keys are the names of the environment variables. Comments and trailing commas
/// are allowed, as in the file of access rules.
/// </summary>
internal sealed class SettingsFile
{
    private readonly Dictionary<string, SettingValue> _values = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    private SettingsFile(string path) => Path = path;

    public string Path { get; }

    /// <summary>Settings in the file, by name.</summary>
    public IReadOnlyDictionary<string, SettingValue> Values => _values;

    /// <summary>Faults, one line each, with the line of the file.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Reads the file. An unreadable file is a fault, too.</summary>
    public static SettingsFile Read(string path)
    {
        var file = new SettingsFile(path);
        try
        {
            file.Parse(OperatorFile.Read(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            file._faults.Add($"{VariableNames.File} {path} cannot be read: {IoFault.Reason(e, path)}");
        }

        return file;
    }

    private void Parse(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                Add(LineOf(json, reader), $"the file must be an object, such as {{ \"REGISTRY_PORT\": 5000 }}");
                return;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var line = LineOf(json, reader);
                var name = reader.GetString()!;
                reader.Read();
                Take(name, ref reader, line);
            }

            while (reader.Read())
            {
                // The reader throws when anything follows.
            }
        }
        catch (JsonException e)
        {
            // The message ends with "…. LineNumber: 0 | BytePositionInLine: 1.", counted from 0.
            Add((int)(e.LineNumber ?? 0) + 1, $"not valid JSON: {e.Message.Split(" LineNumber:")[0].TrimEnd('.')}");
        }
        catch (InvalidOperationException)
        {
            Add(LineOf(json, reader), "text that is not valid Unicode");
        }
    }

    private void Take(string name, ref Utf8JsonReader reader, int line)
    {
        var text = reader.TokenType switch
        {
            JsonTokenType.String => reader.GetString(),
            JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(reader.ValueSpan),
            _ => null,
        };
        if (name == VariableNames.File)
        {
            Add(line, $"{name} names this file and cannot be set in it");
        }
        else if (!VariableNames.All.Contains(name))
        {
            Add(line, Spelling.Nearest(name.ToUpperInvariant(), VariableNames.All) is { } nearest
                ? $"{name} is not a setting; did you mean {nearest}?"
                : $"{name} is not a setting; docs/configuration.md lists them");
        }
        else if (text is null)
        {
            Add(line, $"{name} must be a string, a number, true or false");
        }
        else if (!_values.TryAdd(name, new SettingValue(text, SettingOrigin.File, line)))
        {
            Add(line, $"{name} is already set in line {_values[name].Line}");
        }

        reader.Skip();
    }

    private void Add(int line, string fault) => _faults.Add($"{Path} line {line}: {fault}");

    private static int LineOf(ReadOnlySpan<byte> json, in Utf8JsonReader reader) => json[..(int)reader.TokenStartIndex].Count((byte)'\n') + 1;
}
