using System.Net.Http.Headers;

namespace Registry.Mirror.Upstreams.Authentication;

/// <summary>What a request is sent with: a token, or name and password.</summary>
internal sealed class UpstreamProof : IDisposable
{
    public UpstreamProof(UpstreamToken token) => (Token, Header) = (token, new AuthenticationHeaderValue("Bearer", token.Text));

    public UpstreamProof(UpstreamCredentials.Login login) => (Login, Header) = (login, login.Header);

    /// <summary>The token; null for name and password.</summary>
    public UpstreamToken? Token { get; }

    /// <summary>Name and password; null for a token.</summary>
    public UpstreamCredentials.Login? Login { get; }

    /// <summary>The header.</summary>
    public AuthenticationHeaderValue Header { get; }

    /// <inheritdoc/>
    public void Dispose() => Login?.Dispose();
}
