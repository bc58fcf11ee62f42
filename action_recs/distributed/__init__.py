"""Tag more than one machine can hold: Parquet of utterances in, Parquet of tagged utterances out.

    tagged = tag_ray(ray.data.read_parquet("utterances/"), concurrency=4, num_gpus=0.5)
    tagged.write_parquet("tagged/")

    tag_spark(spark.read.parquet("utterances/")).write.parquet("tagged/")

A session is never divided: its rows are brought together and put in order before a tagger sees them. The labels are
those of :func:`action_recs.tag_many` on one machine. The extras are ``ray`` and ``spark``.
"""

from action_recs.distributed.ray_data import SessionTagger, gather_session, tag_ray
from action_recs.distributed.spark import PartitionTagger, spark_schema, tag_spark

__all__ = ["PartitionTagger", "SessionTagger", "gather_session", "spark_schema", "tag_ray", "tag_spark"]
