using Registry.Core.Configuration;

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
    public static AccessRules Read(ReadOnlySpan<byte> json) => ConfigurationJson.Read(json, ReadRoot);

    /// <summary>Reads names of users, and words for several of them, as every file of the operator writes them.</summary>
    /// <param name="file">The file; the array is its next value.</param>
    /// <param name="path">Name of the array in messages.</param>
    /// <param name="allowsGroups">True to allow <see cref="AccessRules.Everybody"/> and <see cref="AccessRules.AnonymousUser"/>.</param>
    /// <exception cref="FormatException">It is no array of users.</exception>
    public static IReadOnlyList<string> ReadUsers(ref ConfigurationJson file, string path, bool allowsGroups) => file.ReadStrings(path, user =>
    {
        var isGroup = user is AccessRules.Everybody or AccessRules.AnonymousUser;
        if (user.Length == 0 || (isGroup && !allowsGroups) || (user[0] == '$' && !isGroup))
        {
            return $"{path} holds \"{user}\"; allowed: user names{(allowsGroups ? $", \"{AccessRules.Everybody}\", \"{AccessRules.AnonymousUser}\"" : string.Empty)}";
        }

        return UserName.InvisibleIn(user) is { } character
            ? $"{path} holds a user with the invisible character {character}, so the rule would be for another user than it seems; remove it"
            : null;
    });

    /// <summary>Reads a pattern of repository names.</summary>
    /// <param name="file">The file; the pattern is its next value.</param>
    /// <param name="path">Name of the pattern in messages.</param>
    /// <exception cref="FormatException">It is no pattern.</exception>
    public static RepositoryPattern ReadPattern(ref ConfigurationJson file, string path)
    {
        var text = file.ReadString(path);
        return RepositoryPattern.TryParse(text) ?? throw file.Fault(
            $"{path} is \"{text}\"; allowed: lower-case letters, digits, '.', '_', '-', '*', '**', and single slashes between them, at most {RepositoryPattern.MaxLength} characters");
    }

    private static AccessRules ReadRoot(ref ConfigurationJson file)
    {
        bool? allows = null;
        IReadOnlyList<string> admins = [];
        IReadOnlyList<AccessRule> rules = [];
        var seen = new HashSet<string>();
        file.BeginObject("the file");
        while (file.NextProperty(seen) is { } property)
        {
            switch (property)
            {
                case "defaultPolicy":
                    allows = file.ReadString(property) switch
                    {
                        "allow" => true,
                        "deny" => false,
                        var other => throw file.Fault($"defaultPolicy is \"{other}\"; allowed: \"allow\", \"deny\""),
                    };
                    break;
                case "adminUsers":
                    admins = ReadUsers(ref file, property, allowsGroups: false);
                    break;
                case "rules":
                    rules = file.ReadArray(property, "an array", ReadRule);
                    break;
                default:
                    throw file.Fault($"unknown property \"{property}\"; allowed: {Properties}");
            }
        }

        return new AccessRules
        {
            AllowsByDefault = allows ?? throw ConfigurationJson.Fault(1, "defaultPolicy is missing; allowed: \"allow\", \"deny\""),
            AdminUsers = admins.ToHashSet(StringComparer.Ordinal),
            Rules = rules,
        };
    }

    private static AccessRule ReadRule(ref ConfigurationJson file, string path)
    {
        var line = file.Line;
        RepositoryPattern? pattern = null;
        IReadOnlyList<string>? users = null;
        RepositoryActions? permissions = null;
        var seen = new HashSet<string>();
        file.BeginObject(path);
        while (file.NextProperty(seen) is { } property)
        {
            switch (property)
            {
                case "repository":
                    pattern = ReadPattern(ref file, $"{path}.repository");
                    break;
                case "users":
                    users = ReadUsers(ref file, $"{path}.users", allowsGroups: true);
                    break;
                case "permissions":
                    permissions = ReadPermissions(ref file, $"{path}.permissions");
                    break;
                default:
                    throw file.Fault($"unknown property \"{property}\" in {path}; allowed: {RuleProperties}");
            }
        }

        if (pattern is null || users is null || permissions is null)
        {
            throw ConfigurationJson.Fault(line, $"{path} needs all of {RuleProperties}");
        }

        return new AccessRule(pattern, users, permissions.Value, line);
    }

    private static RepositoryActions ReadPermissions(ref ConfigurationJson file, string path)
    {
        var permissions = RepositoryActions.None;
        foreach (var word in file.ReadStrings(path))
        {
            var action = ActionNames.Parse(word);
            permissions |= action != RepositoryActions.None
                ? action
                : throw file.Fault($"{path} holds \"{word}\"; allowed: \"pull\", \"push\", \"delete\"");
        }

        return permissions;
    }
}
