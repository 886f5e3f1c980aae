using Registry.Core.Errors;
using Registry.Server.Memory;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Requests of admins whose query says all.</summary>
internal static class UnconditionalRequest
{
    /// <summary>
    /// Checks the headers and the body. A condition that cannot hold must not be ignored: the client would take it for met. The body says that no web page has sent the request unasked.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="what">What has no entity tag, such as <c>maintenance</c>.</param>
    /// <param name="memory">Budget of the body.</param>
    /// <param name="maxTime">Time in which the body must be complete.</param>
    /// <returns>Null, or the error.</returns>
    public static async Task<RegistryError?> CheckAsync(RequestContext request, string what, MemoryBudget memory, TimeSpan maxTime)
    {
        var headers = request.Request.Headers;
        return headers.IfMatch.Count > 0 || headers.IfNoneMatch.Count > 0
            ? new RegistryError(RegistryErrorCode.PreconditionFailed, $"{what} has no entity tag; send the request without If-Match and If-None-Match")
            : (await JsonRequest.ReadAsync(request, memory, maxTime)).Error;
    }
}
