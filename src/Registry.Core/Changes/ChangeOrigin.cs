namespace Registry.Core.Changes;

/// <summary>The user, the request and the program that a change comes from. Recorded with the change, in its transaction.</summary>
public sealed record ChangeOrigin
{
    /// <summary>Length to which text that a client chooses is cut, in characters.</summary>
    public const int MaxLength = 256;

    /// <summary>The collector of the server.</summary>
    public static ChangeOrigin Collector { get; } = new() { Source = ChangeSource.Collector };

    /// <summary>The way in which the change is made.</summary>
    public required ChangeSource Source { get; init; }

    /// <summary>
    /// User of a request, or user of the machine who runs a command, or the upstream of a mirrored repository; null for an anonymous caller, and for the registry itself.
    /// </summary>
    public string? Actor { get; init => field = Cut(value); }

    /// <summary>Id of the request, as in the logs and in <c>X-Request-Id</c>; null for other sources.</summary>
    public string? Request { get; init; }

    /// <summary>Address of the client; null for other sources.</summary>
    public string? Address { get; init; }

    /// <summary>The User-Agent of a request, or the command, such as <c>registry import</c>; null if there is none.</summary>
    public string? Client { get; init => field = Cut(value); }

    /// <summary>True if an admin makes the change: an admin of the access rules, or a command on the machine. It is not recorded: false for a change that was read.</summary>
    public bool IsAdmin { get => field || Source == ChangeSource.Command; init; }

    /// <summary>Origin of the changes that a command makes.</summary>
    /// <param name="name">The command, without the name of the program.</param>
    /// <param name="user">User of the machine.</param>
    public static ChangeOrigin Command(string name, string? user) => new()
    {
        Source = ChangeSource.Command,
        Actor = user,
        Client = $"registry {name}",
    };

    /// <summary>Origin of the changes that the mirror makes in a repository of an upstream.</summary>
    /// <param name="upstream">Name of the upstream in the configuration.</param>
    public static ChangeOrigin Mirror(string upstream) => new() { Source = ChangeSource.Mirror, Actor = upstream };

    /// <summary>Origin of what a retention deletes.</summary>
    /// <param name="user">User who runs it; null for the registry itself.</param>
    public static ChangeOrigin Retention(string? user) => new() { Source = ChangeSource.Retention, Actor = user };

    /// <summary>Upstream of the repository that the change is made in; null for a repository that is not mirrored.</summary>
    public string? Upstream => Source == ChangeSource.Mirror ? Actor : null;

    /// <summary>The part of the origin that a reader may see.</summary>
    public ChangeOrigin Show(OriginDetail detail) => detail == OriginDetail.Full ? this : new() { Source = Source, Actor = Actor };

    private static string? Cut(string? text) => string.IsNullOrEmpty(text) ? null : text.Length <= MaxLength ? text : text[..MaxLength];
}
