namespace Registry.Server.Api.Policies;

/// <summary>Use of a quota.</summary>
/// <param name="Bytes">Bytes that the repositories of its rule may refer to together.</param>
/// <param name="Used">Bytes that they refer to.</param>
internal sealed record QuotaUseAnswer(long Bytes, long Used);
