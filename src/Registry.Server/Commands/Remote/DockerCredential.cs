namespace Registry.Server.Commands.Remote;

/// <summary>Credential that <c>docker login</c> has stored.</summary>
/// <param name="Source">The file or program that it comes from, for messages.</param>
/// <param name="User">Name of the user; empty with a token.</param>
/// <param name="Password">The password; empty with a token.</param>
internal sealed record DockerCredential(string Source, string User, string Password)
{
    /// <summary>Refresh token of a token service; null without one.</summary>
    public string? IdentityToken { get; init; }

    /// <summary>Token that the registry accepts as it is; null without one.</summary>
    public string? RegistryToken { get; init; }

    /// <summary>The user for messages.</summary>
    public string Who => User.Length > 0 ? $"user {User}" : "the user of the stored token";
}
