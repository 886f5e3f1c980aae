using Registry.Core.Errors;
using Registry.Server.Pipeline;

namespace Registry.Server.Routing;

/// <summary>Answers a request. Returns null after answering it, or an error, which the pipeline writes.</summary>
internal delegate Task<RegistryError?> Handler(RequestContext request);
