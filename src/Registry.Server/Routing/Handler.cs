using Registry.Core.Errors;
using Registry.Server.Pipeline;

namespace Registry.Server.Routing;

/// <summary>Answers a request. Null means that it did; an error is written by the pipeline.</summary>
internal delegate Task<RegistryError?> Handler(RequestContext request);
