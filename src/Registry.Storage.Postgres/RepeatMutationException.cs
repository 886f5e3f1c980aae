namespace Registry.Storage.Postgres;

/// <summary>Thrown by a mutation when another one has changed what it was about to lock. It is rolled back and runs again.</summary>
internal sealed class RepeatMutationException() : Exception("Another change has removed content that this one refers to, several times in a row.");
