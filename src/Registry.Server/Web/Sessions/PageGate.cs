using Microsoft.AspNetCore.Http;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Sessions;
using Registry.Core.Errors;
using Registry.Server.Pipeline;
using Registry.Server.Requests;

namespace Registry.Server.Web.Sessions;

/// <summary>
/// Access to the pages: by the cookie of a log-in, and by nothing else. What a browser sends by itself to an address, such as the password that a person once gave it for
/// <c>/v2/</c>, counts for nothing here.
/// </summary>
/// <param name="sessions">Log-ins; null for a registry without users of its own.</param>
/// <param name="authorizer">Decides by the access rules.</param>
/// <param name="origins">Refuses changes of other sites.</param>
internal sealed class PageGate(WebSessions? sessions, Authorizer authorizer, ChangeOrigins origins) : IRequestGate
{
    private static readonly RegistryError NoLogIn = new(
        RegistryErrorCode.Denied,
        "nobody is known to be an admin: the pages have no log-in; set REGISTRY_AUTH_TYPE=basic, or token with REGISTRY_AUTH_TOKEN_BUILTIN=true, or use the commands on the machine of the registry");

    private static readonly RegistryError NoAdmins = new(
        RegistryErrorCode.Denied,
        "nobody is known to be an admin: set REGISTRY_ACCESS_CONTROL_CONFIG to a file of access rules that names users in adminUsers, or use the commands on the machine of the registry");

    public async ValueTask<RegistryError?> PassAsync(RequestContext request, Route route)
    {
        if (route.Permission == Permission.Public)
        {
            return null;
        }

        request.Identify(await IdentifyAsync(request), authorizer);
        var isChange = !HttpMethods.IsGet(request.Request.Method) && !HttpMethods.IsHead(request.Request.Method);
        if (isChange && (origins.Check(request.Request) ?? (route.IsChange || route.Permission == Permission.Maintain ? origins.CheckHost(request.Request) : null)) is { } foreign)
        {
            request.Refusal = "foreign_origin";
            return foreign;
        }

        var refusal = route.Permission switch
        {
            Permission.Enter => null,
            Permission.Catalog => CheckCatalog(request),
            Permission.Maintain => CheckMaintenance(request),
            _ => CheckRepository(request, route),
        };
        request.Refusal = refusal is null ? null : refusal.Code == RegistryErrorCode.Unauthorized ? "no_credentials" : "denied";
        return refusal;
    }

    private async ValueTask<Identity> IdentifyAsync(RequestContext request)
    {
        var secret = sessions is null ? null : WebCookies.Read(request.Request, WebCookies.Session);
        return secret is not null && await sessions!.FindUserAsync(secret) is { } user ? new Identity(user) : Identity.Anonymous;
    }

    // A visitor without a log-in sees what the rules let everyone pull. If that is nothing, the log-in is all there is.
    private RegistryError? CheckCatalog(RequestContext request) =>
        sessions is not null && request.User is null && !authorizer.MayListAny(request.Identity) ? RegistryError.Unauthorized : null;

    // Where no caller can be an admin, the reason is told. Otherwise the pages for admins do not exist for others.
    private RegistryError? CheckMaintenance(RequestContext request) => sessions is null ? NoLogIn
        : authorizer.Rules is not { AdminUsers.Count: > 0 } ? NoAdmins
        : request.MayMaintain ? null
        : request.User is null ? RegistryError.Unauthorized
        : RegistryErrorCode.NotFound;

    // What the caller may not pull is told as what does not exist.
    private RegistryError? CheckRepository(RequestContext request, Route route)
    {
        if (!request.MayPull(request.Repository))
        {
            return request.User is null && sessions is not null ? RegistryError.Unauthorized : RegistryErrorCode.NameUnknown;
        }

        if (authorizer.Decide(request.Identity, route.Permission, request.Repository) == Verdict.Allowed)
        {
            return null;
        }

        return request.User is null && sessions is not null ? RegistryError.Unauthorized : RegistryErrorCode.Denied;
    }
}
