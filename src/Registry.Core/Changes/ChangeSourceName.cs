namespace Registry.Core.Changes;

/// <summary>Names of the ways in which changes are made.</summary>
public static class ChangeSourceName
{
    /// <summary>Name of a way: <c>request</c>, <c>command</c>, <c>collector</c>, <c>mirror</c> or <c>unknown</c>.</summary>
    public static string Of(ChangeSource source) => source switch
    {
        ChangeSource.Request => "request",
        ChangeSource.Command => "command",
        ChangeSource.Collector => "collector",
        ChangeSource.Mirror => "mirror",
        ChangeSource.Retention => "retention",
        _ => "unknown",
    };
}
