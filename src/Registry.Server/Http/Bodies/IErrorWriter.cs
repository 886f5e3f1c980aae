using Registry.Core.Errors;
using Registry.Server.Requests;

namespace Registry.Server.Http.Bodies;

/// <summary>Writes the errors of requests.</summary>
internal interface IErrorWriter
{
    /// <summary>Answers with an error. Aborts a response that has already begun, so no client takes it for complete.</summary>
    Task WriteAsync(RequestContext request, RegistryError error);
}
