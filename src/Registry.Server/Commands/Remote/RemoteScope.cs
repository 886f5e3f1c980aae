using Registry.Core.Oci;

namespace Registry.Server.Commands.Remote;

/// <summary>What a command asks a registry for.</summary>
/// <param name="Text">The scope of a token (Docker's "Token Scope Documentation").</param>
/// <param name="Need">The same for people, after "may not".</param>
internal sealed record RemoteScope(string Text, string Need)
{
    /// <summary>The list of all repositories.</summary>
    public static RemoteScope Catalog { get; } = new("registry:catalog:*", "list the repositories");

    /// <summary>The whole registry, for admins.</summary>
    public static RemoteScope Maintenance { get; } = new(Catalog.Text, "maintain the registry");

    /// <summary>One repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="actions">Permissions, as in <c>pull,push</c>.</param>
    public static RemoteScope Of(RepositoryName repository, string actions) =>
        new($"repository:{repository}:{actions}", $"{Words(actions)} {repository}");

    /// <summary>Adds a second repository, to which the requests push.</summary>
    public RemoteScope AndPushTo(RepositoryName repository) => new($"{Text} repository:{repository}:pull,push", $"{Need}, or push to {repository},");

    // As in "pull and push", and "pull, push and delete".
    private static string Words(string actions)
    {
        var last = actions.LastIndexOf(',');
        return last < 0 ? actions : $"{actions[..last].Replace(",", ", ", StringComparison.Ordinal)} and {actions[(last + 1)..]}";
    }
}
