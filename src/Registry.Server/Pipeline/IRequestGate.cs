using Registry.Core.Errors;
using Registry.Server.Requests;

namespace Registry.Server.Pipeline;

/// <summary>Decides who sends a request, and if it is admitted.</summary>
internal interface IRequestGate
{
    /// <summary>Admits a request and sets its caller, or refuses it.</summary>
    /// <returns>Null when the request is admitted; otherwise the error.</returns>
    ValueTask<RegistryError?> PassAsync(RequestContext request, Route route);
}
