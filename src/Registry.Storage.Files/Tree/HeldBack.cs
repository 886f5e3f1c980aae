namespace Registry.Storage.Files.Tree;

/// <summary>A repository whose changes wait.</summary>
/// <param name="Passed">The tree has its changes up to here.</param>
/// <param name="Reason">Reason why the next one cannot be made; null once it can.</param>
internal sealed record HeldBack(long Passed, string? Reason)
{
    /// <summary>The reason for people.</summary>
    public string Text => Reason ?? "The links of a repository wait.";

    /// <summary>The reasons of all such repositories, for people; null for none.</summary>
    public static string? Describe(IReadOnlyCollection<HeldBack> held) => held.Count switch
    {
        0 => null,
        1 => held.First().Text,
        _ => $"{held.First().Text} (and {held.Count - 1} more repositories)",
    };
}
