using System.Runtime.Versioning;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Registry.Core.Access;
using Registry.Core.Access.Identities;
using Registry.Core.Access.Rules;
using Registry.Core.Errors;
using Registry.Files;
using Registry.Server.Requests;

namespace Registry.Server.Pipeline;

/// <summary>
/// Admits callers on a Unix socket of this machine without credentials: root and the user of the registry, who could change its files as well. They are admins, whatever
/// the access rules say.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalGate : IRequestGate
{
    // No user of an htpasswd file begins with this character.
    private const string NamePrefix = "$local:";

    public ValueTask<RegistryError?> PassAsync(RequestContext request, Route route)
    {
        var user = SocketPeer.UserOf(request.Http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket);
        var name = $"{NamePrefix}{user}";
        var admins = new AccessRules { AllowsByDefault = false, AdminUsers = new HashSet<string> { name } };
        request.Identify(new Identity(name), new Authorizer(AuthenticationKind.None, () => admins));
        if (SocketPeer.IsTrusted(user))
        {
            request.IsLocal = true;
            return ValueTask.FromResult<RegistryError?>(null);
        }

        request.Refusal = "denied";
        return ValueTask.FromResult<RegistryError?>(new RegistryError(
            RegistryErrorCode.Denied, $"this socket is for root and for the user of the registry, and the user with id {user} is neither"));
    }
}
