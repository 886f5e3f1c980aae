using Registry.Core.Errors;

namespace Registry.Server.Requests;

/// <summary>Answers a request. Returns null after answering it, or an error, which the pipeline writes.</summary>
internal delegate Task<RegistryError?> Handler(RequestContext request);
