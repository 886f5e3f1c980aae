using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Passwords;
using Registry.Core.Access.Rules;
using Registry.Core.Access.Tokens;
using Registry.Core.Errors;
using Registry.Server.Http;
using Registry.Server.Http.Bodies;
using Registry.Server.Memory;
using Registry.Server.Pipeline;
using Registry.Server.Requests;
using Registry.Server.Telemetry.Logs;

namespace Registry.Server.Endpoints.Tokens;

/// <summary>
/// Endpoints of <c>/token</c>, the built-in token service: GET as in Docker's "Token Authentication Specification", POST as in its "OAuth2
/// Token Authentication". A token grants the allowed part of the requested scopes; a partial grant is not an error.
/// </summary>
internal sealed class TokenEndpoint(
    BuiltInTokens tokens,
    BasicAuthenticator passwords,
    Authorizer authorizer,
    Challenges challenges,
    FailedLogins failedLogins,
    MemoryBudget bodies,
    TimeSpan maxBodyTime,
    TimeProvider time,
    MirrorMapping? mirror)
{
    // Room for hundreds of scopes: clients such as regclient collect one for each repository that they use.
    private const int MaxForm = 256 * 1024;

    /// <summary>Issues a token for a user name and a password, or for an anonymous client.</summary>
    public async Task<RegistryError?> GetAsync(RequestContext request)
    {
        var query = request.Request.Query;
        var (scheme, parameter) = AuthorizationHeader.Split(request.Request.Headers.Authorization);
        var result = await passwords.AuthenticateAsync(scheme, parameter, request);
        return await AnswerAsync(request, result, query["service"], query["scope"], query["offline_token"] == "true");
    }

    /// <summary>Issues a token for a password or a refresh token in a form.</summary>
    public async Task<RegistryError?> PostAsync(RequestContext request)
    {
        var read = await BodyReading.ReadAsync(request, bodies, MaxForm, RegistryErrorCode.BadRequest, maxBodyTime);
        if (!read.TryGet(out var body, out var unread))
        {
            return unread;
        }

        using var held = body;
        var form = QueryHelpers.ParseQuery(System.Text.Encoding.UTF8.GetString(body.Bytes.Span));
        AuthenticationResult result;
        switch (Field(form, "grant_type"))
        {
            case "password":
                result = await passwords.AuthenticateAsync(new BasicCredentials(Field(form, "username"), Field(form, "password")), request);
                break;
            case "refresh_token":
                result = await tokens.AuthenticateRefreshTokenAsync(Field(form, "refresh_token"));
                break;
            default:
                return new RegistryError(RegistryErrorCode.BadRequest, "grant_type must be password or refresh_token");
        }

        form.TryGetValue("scope", out var scope);
        return await AnswerAsync(
            request, result, Field(form, "service"), scope, Field(form, "access_type") == "offline");
    }

    private static string Field(Dictionary<string, StringValues> form, string name) => form.GetValueOrDefault(name).ToString();

    // Clients repeat the parameter, or separate scopes by spaces.
    private static IEnumerable<ResourceScope> ParseScopes(StringValues values) => values
        .SelectMany(value => (value ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(ResourceScope.TryParse).OfType<ResourceScope>();

    private async Task<RegistryError?> AnswerAsync(
        RequestContext request, AuthenticationResult result, string? service, StringValues scopes, bool wantsRefreshToken)
    {
        var identity = result.Identity;
        request.Identify(identity, authorizer);
        request.Response.Headers.CacheControl = "no-store";
        if (result.Outcome == AuthenticationOutcome.Busy)
        {
            request.Refusal = "busy";
            return RegistryErrorCode.TooManyRequests;
        }

        if (result.Fault is { } fault)
        {
            request.Refusal = "bad_credentials";
            failedLogins.Report(request.Http.Connection.RemoteIpAddress, fault);
            challenges.WriteBasic(request.Response);
            return RegistryError.Unauthorized;
        }

        if (!string.IsNullOrEmpty(service) && service != tokens.Service)
        {
            return new RegistryError(RegistryErrorCode.BadRequest, "service is not the name of this registry's token service");
        }

        var host = request.Request.Headers.Host.ToString();
        var token = tokens.IssueAccessToken(
            identity.Name, ParseScopes(scopes).Select(scope => authorizer.Grant(identity, mirror?.Apply(scope, host) ?? scope)), time.GetUtcNow());
        var refreshToken = wantsRefreshToken && identity.Name is { } user ? tokens.IssueRefreshToken(user) : null;

        // Without the optional issued_at: a client would add expires_in to it and compare the sum with its own clock.
        await JsonResponse.WriteAsync(request, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("token", token);
            writer.WriteString("access_token", token);
            writer.WriteNumber("expires_in", (int)BuiltInTokens.AccessLifetime.TotalSeconds);
            if (refreshToken is not null)
            {
                writer.WriteString("refresh_token", refreshToken);
            }

            writer.WriteEndObject();
        });
        return null;
    }
}
