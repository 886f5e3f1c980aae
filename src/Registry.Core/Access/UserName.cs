namespace Registry.Core.Access;

/// <summary>Rules for the names of users.</summary>
internal static class UserName
{
    /// <summary>Fault of a name, as words that follow the name; null for a valid one.</summary>
    public static string? FaultOf(string name) =>
        name.Any(char.IsControl) ? "contains a control character"
        : name.Contains(':', StringComparison.Ordinal) ? "contains a colon, which ends a name"
        : name.StartsWith('#') ? "begins with '#', which makes a line a comment"
        : name.StartsWith('$') || name == AccessRules.Everybody ? "means something else in access rules: '*', and what begins with '$', is no user"
        : null;
}
