namespace Registry.Core.Access;

/// <summary>What a user may be called.</summary>
internal static class UserName
{
    /// <summary>What is wrong with a name, in words that follow it; null for a good one.</summary>
    public static string? FaultOf(string name) =>
        name.Any(char.IsControl) ? "contains a control character"
        : name.Contains(':', StringComparison.Ordinal) ? "contains a colon, which ends a name"
        : name.StartsWith('#') ? "begins with '#', which makes a line a comment"
        : name.StartsWith('$') || name == AccessRules.Everybody ? "means something else in access rules: '*', and what begins with '$', is no user"
        : null;
}
