namespace Registry.Server.Api;

/// <summary>Body of a request that its query describes completely.</summary>
internal sealed record EmptyBody;
