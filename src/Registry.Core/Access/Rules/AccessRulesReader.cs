using System.Text.Json;

namespace Registry.Core.Access.Rules;

/// <summary>
/// Reads the access control file (JSON; comments and trailing commas are allowed). Anything it does not understand is an error with its line:
/// a misread rule is worse than a missing one.
/// </summary>
public static class AccessRulesReader
{
    private const string Properties = "defaultPolicy, adminUsers, rules";
    private const string RuleProperties = "repository, users, permissions";

    /// <summary>Reads the file's bytes.</summary>
    /// <exception cref="FormatException">The file is invalid; the message names the line and the allowed values.</exception>
    public static AccessRules Read(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var reader = new Utf8JsonReader(
            json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            return ReadRoot(ref reader, json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"line {(e.LineNumber ?? 0) + 1}: not valid JSON: {Sentence(e)}", e);
        }
        catch (InvalidOperationException e)
        {
            throw Fault(ref reader, json, "text that is not valid Unicode", e);
        }
    }

    private static AccessRules ReadRoot(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        bool? allows = null;
        IReadOnlyList<string> admins = [];
        IReadOnlyList<AccessRule> rules = [];
        var seen = new HashSet<string>();
        Expect(ref reader, json, JsonTokenType.StartObject, "the file", "an object");
        while (NextProperty(ref reader, json, seen) is { } property)
        {
            switch (property)
            {
                case "defaultPolicy":
                    allows = ReadString(ref reader, json, property) switch
                    {
                        "allow" => true,
                        "deny" => false,
                        var other => throw Fault(ref reader, json, $"defaultPolicy is \"{other}\"; allowed: \"allow\", \"deny\""),
                    };
                    break;
                case "adminUsers":
                    admins = ReadUsers(ref reader, json, property, allowsGroups: false);
                    break;
                case "rules":
                    rules = ReadRules(ref reader, json);
                    break;
                default:
                    throw Fault(ref reader, json, $"unknown property \"{property}\"; allowed: {Properties}");
            }
        }

        while (reader.Read())
        {
            // Nothing may follow: the reader throws.
        }

        return new AccessRules
        {
            AllowsByDefault = allows ?? throw new FormatException("line 1: defaultPolicy is missing; allowed: \"allow\", \"deny\""),
            AdminUsers = admins.ToHashSet(StringComparer.Ordinal),
            Rules = rules,
        };
    }

    private static List<AccessRule> ReadRules(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        Expect(ref reader, json, JsonTokenType.StartArray, "rules", "an array");
        var rules = new List<AccessRule>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            rules.Add(ReadRule(ref reader, json, $"rules[{rules.Count}]"));
        }

        return rules;
    }

    private static AccessRule ReadRule(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path)
    {
        var line = Line(ref reader, json);
        RepositoryPattern? pattern = null;
        IReadOnlyList<string>? users = null;
        RepositoryActions? permissions = null;
        var seen = new HashSet<string>();
        Expect(ref reader, json, JsonTokenType.StartObject, path, "an object");
        while (NextProperty(ref reader, json, seen) is { } property)
        {
            switch (property)
            {
                case "repository":
                    var text = ReadString(ref reader, json, $"{path}.repository");
                    pattern = RepositoryPattern.TryParse(text) ?? throw Fault(
                        ref reader,
                        json,
                        $"{path}.repository is \"{text}\"; allowed: lower-case letters, digits, '.', '_', '-', '*', '**', and single slashes between them, at most {RepositoryPattern.MaxLength} characters");
                    break;
                case "users":
                    users = ReadUsers(ref reader, json, $"{path}.users", allowsGroups: true);
                    break;
                case "permissions":
                    permissions = ReadPermissions(ref reader, json, $"{path}.permissions");
                    break;
                default:
                    throw Fault(ref reader, json, $"unknown property \"{property}\" in {path}; allowed: {RuleProperties}");
            }
        }

        if (pattern is null || users is null || permissions is null)
        {
            throw new FormatException($"line {line}: {path} needs all of {RuleProperties}");
        }

        return new AccessRule(pattern, users, permissions.Value, line);
    }

    private static List<string> ReadUsers(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path, bool allowsGroups)
    {
        var users = new List<string>();
        foreach (var user in ReadStrings(ref reader, json, path))
        {
            var isGroup = user is AccessRules.Everybody or AccessRules.AnonymousUser;
            if (user.Length == 0 || (isGroup && !allowsGroups) || (user[0] == '$' && !isGroup))
            {
                throw Fault(
                    ref reader,
                    json,
                    $"{path} holds \"{user}\"; allowed: user names{(allowsGroups ? $", \"{AccessRules.Everybody}\", \"{AccessRules.AnonymousUser}\"" : string.Empty)}");
            }

            if (UserName.InvisibleIn(user) is { } character)
            {
                throw Fault(ref reader, json, $"{path} holds a user with the invisible character {character}, so the rule would be for another user than it seems; remove it");
            }

            users.Add(user);
        }

        return users;
    }

    private static RepositoryActions ReadPermissions(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path)
    {
        var permissions = RepositoryActions.None;
        foreach (var word in ReadStrings(ref reader, json, path))
        {
            var action = ActionNames.Parse(word);
            permissions |= action != RepositoryActions.None
                ? action
                : throw Fault(ref reader, json, $"{path} holds \"{word}\"; allowed: \"pull\", \"push\", \"delete\"");
        }

        return permissions;
    }

    private static List<string> ReadStrings(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path)
    {
        reader.Read();
        Expect(ref reader, json, JsonTokenType.StartArray, path, "an array of strings", read: false);
        var strings = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(ref reader, json, JsonTokenType.String, $"{path}[{strings.Count}]", "a string", read: false);
            strings.Add(reader.GetString()!);
        }

        return strings;
    }

    private static string ReadString(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string path)
    {
        reader.Read();
        Expect(ref reader, json, JsonTokenType.String, path, "a string", read: false);
        return reader.GetString()!;
    }

    private static string? NextProperty(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, HashSet<string> seen)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        var name = reader.GetString()!;
        return seen.Add(name) ? name : throw Fault(ref reader, json, $"\"{name}\" is listed twice");
    }

    private static void Expect(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, JsonTokenType type, string path, string what, bool read = true)
    {
        if (read && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
        }

        if (reader.TokenType != type)
        {
            throw Fault(ref reader, json, $"{path} must be {what}");
        }
    }

    private static FormatException Fault(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, string message, Exception? inner = null) =>
        new($"line {Line(ref reader, json)}: {message}", inner);

    private static int Line(ref Utf8JsonReader reader, ReadOnlySpan<byte> json) =>
        json[..(int)Math.Min(reader.TokenStartIndex, json.Length)].Count((byte)'\n') + 1;

    // The library's message ends with its own count of the line, from 0.
    private static string Sentence(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
