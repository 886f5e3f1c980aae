using Registry.Core.Oci;

namespace Registry.Server.Commands.Remote;

/// <summary>What a command asks a registry for.</summary>
/// <param name="Text">The scope of a token (Docker's "Token Scope Documentation").</param>
/// <param name="Need">The same for people, after "may not".</param>
internal sealed record RemoteScope(string Text, string Need)
{
    /// <summary>The list of all repositories.</summary>
    public static RemoteScope Catalog { get; } = new("registry:catalog:*", "list the repositories");

    /// <summary>One repository.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="actions">Permissions, as in <c>pull,push</c>.</param>
    public static RemoteScope Of(RepositoryName repository, string actions) =>
        new($"repository:{repository}:{actions}", $"{actions.Replace(",", " and ", StringComparison.Ordinal)} {repository}");
}
