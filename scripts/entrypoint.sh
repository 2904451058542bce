#!/bin/sh
# What Spark on Kubernetes asks of an image: start a driver or an executor, by the words that follow.
set -eu
jars="$SPARK_HOME/jars/*:${SPARK_CONF_DIR:-$SPARK_HOME/conf}${SPARK_EXTRA_CLASSPATH:+:$SPARK_EXTRA_CLASSPATH}"
case "${1:-}" in
  driver)
    shift
    exec tini -s -- "$SPARK_HOME/bin/spark-submit" \
      --conf "spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS" \
      --conf "spark.executorEnv.SPARK_DRIVER_POD_IP=$SPARK_DRIVER_BIND_ADDRESS" \
      --deploy-mode client "$@" ;;
  executor)
    shift
    env | sed -n 's/^SPARK_JAVA_OPT_[0-9]*=//p' >/tmp/java_opts.txt
    # one option a line, as Spark hands them over
    set --
    while IFS= read -r option; do set -- "$@" "$option"; done </tmp/java_opts.txt
    exec tini -s -- java "$@" -Xms"$SPARK_EXECUTOR_MEMORY" -Xmx"$SPARK_EXECUTOR_MEMORY" -cp "$jars" \
      org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
      --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" \
      --cores "$SPARK_EXECUTOR_CORES" --app-id "$SPARK_APPLICATION_ID" \
      --hostname "$SPARK_EXECUTOR_POD_IP" --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
      --podName "$SPARK_EXECUTOR_POD_NAME" ;;
  *) exec "$@" ;;
esac
