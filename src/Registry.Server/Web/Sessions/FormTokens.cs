using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Registry.Core.Access.Sessions;
using Registry.Server.Requests;

namespace Registry.Server.Web.Sessions;

/// <summary>
/// Tokens of forms, which only pages of this site have: a keyed hash of the secret in the cookie of the browser. A log-in has its own secret, so its tokens end with it.
/// </summary>
internal static class FormTokens
{
    private static readonly byte[] Purpose = "registry form"u8.ToArray();

    /// <summary>The token for the forms of a page. Gives the browser a secret, if it has none; before the page is written.</summary>
    public static string For(RequestContext request)
    {
        if (Find(request) is not { } secret)
        {
            secret = WebSessions.NewSecret();
            WebCookies.Set(request.Http, WebCookies.Form, secret);
        }

        return TokenOf(secret);
    }

    /// <summary>True if a form has the token of its browser.</summary>
    public static bool Matches(RequestContext request, string? token) => Find(request) is { } secret && token is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(TokenOf(secret)), Encoding.UTF8.GetBytes(token));

    private static string? Find(RequestContext request) => WebCookies.Read(request.Request, request.User is null ? WebCookies.Form : WebCookies.Session);

    private static string TokenOf(string secret) => Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Purpose));
}
